// The line to the panel breaks, stalls, is blocked and comes back; or another panel answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, launch, live, origin, signIn, sound } from '../support/browser.mjs';
import { between, hide, shownAndStored } from '../support/feed.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

const A_MINUTE_AND_MORE = 100_000;

test('after a break of the line no row is missing and none is doubled', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await live(page);
  await context.setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  await page.waitForSelector('.connection[data-state="offline"]');
  await page.getByText('You are offline').waitFor();
  await page.waitForTimeout(8_000);
  assert.equal(await page.getByText('Next attempt').count(), 0, 'there is nothing to count down to');
  await context.setOffline(false);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await live(page);
  await page.waitForTimeout(1_500);
  const shown = await page.locator('.log-table--feed .log-table__row').evaluateAll((rows) => rows.map((row) => `${row.querySelector('time').dateTime} ${row.querySelector('.log-table__text').textContent}`));
  const answer = await page.evaluate(async () => (await fetch('/api/v1/logs?limit=200')).json());
  const stored = answer.entries.map((entry) => `${entry.at} ${entry.message}`);
  const from = stored.indexOf(shown[0]);
  assert.ok(from >= 0 && from < 5, 'the newest row shown is one of the newest stored');
  assert.deepEqual(shown.slice(0, 30), stored.slice(from, from + Math.min(30, shown.length)));
  await context.close();
});

test('where WebSockets are blocked the panel is asked, and no row is missing', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await page.routeWebSocket(/stream/, (socket) => socket.close());
  await page.reload();
  await page.getByText('The panel is asked every few seconds').waitFor({ timeout: 60_000 });
  const newest = await page.locator('.log-table--feed .log-table__row time').first().getAttribute('datetime');
  const isOlder = (moment) => [...document.querySelectorAll('.log-table--feed .log-table__row time')].findIndex((time) => time.dateTime <= moment) > 3;
  await page.waitForFunction(isOlder, newest, { timeout: A_MINUTE_AND_MORE });
  const [shown, stored] = await shownAndStored(page, '');
  const from = stored.indexOf(shown[0]);
  assert.ok(from >= 0 && from < 20, `the newest row shown is row ${from} of those stored`);
  const count = Math.min(30, shown.length);
  assert.deepEqual(shown.slice(0, count), stored.slice(from, from + count));
  assert.equal(await page.getByText('The panel has been updated').count(), 0, 'the same build answers');
  await context.close();
});

test('where a socket opens and says nothing the panel is asked', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await page.routeWebSocket(/stream/, () => {});
  await page.reload();
  await page.getByText('The panel is asked every few seconds').waitFor({ timeout: 40_000 });
  const [before] = await shownAndStored(page, '');
  const isOther = (text) => `${document.querySelector('.log-table--feed .log-table__row time').dateTime}` > text;
  await page.waitForFunction(isOther, before[0].split(' ')[0], { timeout: A_MINUTE_AND_MORE });
  const [shown, stored] = await shownAndStored(page, '');
  const from = stored.indexOf(shown[0]);
  assert.deepEqual(shown.slice(0, 20), stored.slice(from, from + Math.min(20, shown.length)));
  await context.close();
});

test('who has signed out in another tab is told so, wherever the page is scrolled to', async () => {
  const visitor = await signIn(browser, { size: 'phone' });
  const { page, context } = visitor;
  await page.goto(`${origin}/?type=MYSQL`);
  await live(page);
  await page.evaluate(() => new MutationObserver(() => (window.wasLost ||= document.body.innerText.includes('The connection is lost'))).observe(document.body, { childList: true, subtree: true }));
  const other = await context.newPage();
  await other.goto(`${origin}/profile`);
  await other.evaluate(async () => (await fetch('/api/v1/session', { method: 'DELETE' })).status);
  const notice = page.getByText('You are signed out');
  await notice.waitFor({ timeout: 40_000 });
  assert.ok(await notice.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight && element.contains(document.elementFromPoint(innerWidth / 2, (top + bottom) / 2));
  }), 'the notice is on the screen, and nothing covers it');
  assert.ok(!(await page.evaluate(() => window.wasLost)), 'nothing else was said before');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname === '/sign-in' && url.searchParams.get('next') === '/?type=MYSQL');
  await context.close();
});

test('the stream is tried again soon where it was blocked, and nothing is said meanwhile', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  line.opens = false;
  await page.reload();
  await page.getByText('The panel is asked every few seconds').waitFor({ timeout: 60_000 });
  await page.evaluate(() => {
    window.states = [];
    const state = document.querySelector('.connection');
    new MutationObserver(() => window.states.push(state.dataset.state)).observe(state, { attributes: true });
  });
  line.opens = true;
  await page.waitForSelector('.connection[data-state="live"]', { timeout: 45_000 });
  assert.deepEqual(await page.evaluate(() => window.states), ['live']);
  await context.close();
});

test('a panel that is away for long is not taken for a blocked stream', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  await page.reload();
  await live(page);
  await page.route(/api\/sf/, (route) => route.abort());
  line.opens = false;
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  await page.getByText('If the panel itself answers').waitFor({ timeout: 30_000 });
  await page.unroute(/api\/sf/);
  await page.waitForSelector('.connection[data-state="reconnecting"]');
  line.opens = true;
  await page.getByRole('button', { name: 'Retry now' }).click();
  await live(page);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Pause');
  await context.close();
});

test('a page that nobody looks at notices that its socket is dead', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await hide(page);
  const line = await between(page);
  await page.reload();
  await live(page);
  const before = line.opened;
  line.passes = false;
  for (const deadline = Date.now() + 70_000; line.opened === before; await page.waitForTimeout(500)) {
    assert.ok(Date.now() < deadline, 'another socket is opened');
  }
  line.passes = true;
  await live(page);
  await context.close();
});

test('while the panel is asked an update is offered, and a panel that cannot answer is told of', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  line.opens = false;
  let build = 'another';
  await page.route(/read_rows/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), build } });
  });
  await page.reload();
  await page.getByText('The panel has been updated').waitFor({ timeout: 60_000 });
  await page.unroute(/read_rows/);
  await page.route(/read_rows/, (route) => route.fulfill({ status: 503, json: 'Unavailable' }));
  await page.getByText('The connection is lost').waitFor({ timeout: 20_000 });
  await page.unroute(/read_rows/);
  // An older copy of the database: what the page shows is not there any more.
  await page.getByText('The panel is asked every few seconds').waitFor({ timeout: 60_000 });
  await page.evaluate(() => (window.notReloaded = true));
  await page.route(/read_rows/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), rows: [], head: 1 } });
  }, { times: 1 });
  await page.waitForFunction(() => !window.notReloaded, undefined, { timeout: 20_000 });
  await context.close();
});

test('a page that was away for hours loads anew instead of fetching all it missed, unless somebody reads it', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  let [missed, greetings, say] = [0, 0];
  await page.routeWebSocket(/stream/, (socket) => {
    say = (frame) => socket.send(JSON.stringify(frame));
    socket.connectToServer().onMessage((message) => {
      const frame = JSON.parse(message);
      greetings += Number(frame.kind === 'hello');
      socket.send(frame.kind === 'hello' ? JSON.stringify({ ...frame, head: frame.head + missed }) : message);
    });
  });
  await page.reload();
  await live(page);
  missed = 20_000;
  await page.evaluate(() => (window.notReloaded = true));
  const sleep = () => page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 4 * 3_600_000;
  });
  await page.locator('.feed__header .button').click();
  await page.waitForSelector('.connection[data-state="paused"]');
  const before = greetings;
  await sleep();
  for (const deadline = Date.now() + 20_000; greetings === before; await page.waitForTimeout(100)) assert.ok(Date.now() < deadline);
  await page.waitForTimeout(1_000);
  assert.ok(await page.evaluate(() => window.notReloaded), 'what somebody reads stays');
  await page.locator('.feed__header .button').click();
  await sleep();
  // Read before the page has noticed that it slept.
  say({ kind: 'rows', rows: [] });
  await page.waitForFunction(() => !window.notReloaded, undefined, { timeout: 20_000 });
  await live(page);
  await page.waitForTimeout(2_000);
  assert.equal(await page.locator('.connection').getAttribute('data-state'), 'live', 'once');
  // What is told of the time before is not live, until what comes is new.
  await page.evaluate(() => {
    window.states = [];
    const state = document.querySelector('.connection');
    new MutationObserver(() => window.states.push(state.innerText)).observe(state, { attributes: true });
  });
  const { head, entries } = await page.evaluate(async () => (await fetch('/api/v1/logs?limit=1')).json());
  say({ kind: 'rows', rows: Array.from({ length: 100 }, (_, n) => ({ ...entries[0], id: head + 1 + n })) });
  await page.waitForFunction(() => window.states.includes('Catching up'));
  say({ kind: 'rows', rows: [{ ...entries[0], id: head + 101 }] });
  await live(page);
  await context.close();
});

test('who sees no rows is told too that the panel is gone', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await page.goto(`${origin}/?status=nonsense`);
  await page.route(/api\/sf/, (route) => route.abort());
  await page.getByText('The connection is lost').waitFor({ timeout: 30_000 });
  await page.unroute(/api\/sf/);
  await page.getByRole('button', { name: 'Retry now' }).click();
  await page.getByText('The connection is lost').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.monitor').getAttribute('data-connection'), 'polling');
  await context.close();
});

test('what cannot be read is asked for again, and then by a page that can read it', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  await page.reload();
  await live(page);
  await page.evaluate(() => (window.notReloaded = true));
  for (const again of [true, false]) {
    const before = line.opened;
    // Nothing comes in between.
    line.passes = false;
    line.say({ kind: 'rows', rows: [{ id: 1, status: 'unheard of' }] });
    if (!again) break;
    await page.waitForSelector('.connection[data-state="reconnecting"]');
    line.passes = true;
    for (const deadline = Date.now() + 10_000; line.opened === before; await page.waitForTimeout(10)) assert.ok(Date.now() < deadline);
  }
  await page.waitForFunction(() => !window.notReloaded, undefined, { timeout: 10_000 });
  await context.close();
});

test('the title of a hidden page counts on over an update, and two builds do not make it reload again and again', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await hide(page);
  const line = await between(page);
  await page.reload();
  await live(page);
  const { head, entries } = await page.evaluate(async () => (await fetch('/api/v1/logs?limit=1')).json());
  const before = Number((await page.title()).match(/^\((\d+)\)/)?.[1] ?? 0);
  line.say({ kind: 'rows', rows: [{ ...entries[0], id: head + 50, status: 'error' }] });
  await page.waitForFunction((before) => Number(document.title.match(/^\((\d+)\) Monitor/)?.[1]) > before, before);
  await page.evaluate(() => (window.notReloaded = true));
  const hello = { kind: 'hello', head: head + 1_000, build: 'another', rights: await page.evaluate(() => document.documentElement.innerHTML.match(/rights[^0-9a-f]+([0-9a-f]+)/)[1]) };
  line.say(hello);
  await page.waitForFunction(() => !window.notReloaded);
  await page.waitForFunction(() => /^\(\d+\) Monitor/.test(document.title), undefined, { timeout: 20_000 });
  await live(page);
  await page.evaluate(() => (window.notReloaded = true));
  line.say(hello);
  await page.getByText('The panel has been updated').waitFor({ state: 'attached' });
  await page.waitForTimeout(5_000);
  assert.ok(await page.evaluate(() => window.notReloaded), 'the next one is a minute away');
  await context.close();
});

for (const theme of ['light', 'dark']) {
  test(`what a page says of its lost connection is sound and leaves room for the rest (${theme})`, async () => {
    const visitor = await signIn(browser, { size: 'phone', theme });
    const { page, context } = visitor;
    await live(page);
    await context.setOffline(true);
    await page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await page.waitForSelector('.connection[data-state="offline"]');
    for (const viewport of [SIZES.desk, SIZES.phone, { width: 320, height: 568 }, { width: 844, height: 390 }]) {
      await page.setViewportSize(viewport);
      const shown = `${viewport.width} by ${viewport.height}`;
      // That it cannot be loaded is no complaint.
      await sound({ page, complaints: [] }, `Monitor without the panel, ${shown}`);
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await page.waitForTimeout(300);
      const { share, over } = await page.evaluate(() => {
        const { top, height } = document.querySelector('.monitor__connection').getBoundingClientRect();
        const rows = [...document.querySelectorAll('.log-table--feed .log-table__row, .feed__older')];
        return { share: height / innerHeight, over: Math.max(...rows.map((row) => row.getBoundingClientRect().bottom)) - top };
      });
      assert.ok(share < 0.35, `the notice takes ${share} of the screen, ${shown}`);
      assert.ok(over <= 0, `the notice covers ${over} px of the feed's end, ${shown}`);
    }
    await context.close();
  });
}

test('who has read that the panel is asked puts that away, and reads on from entry to entry', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  line.opens = false;
  await page.reload();
  const notice = page.getByText('The panel is asked every few seconds');
  await notice.waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Hide' }).click();
  await notice.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Pause');
  assert.equal(await page.locator('.connection').innerText(), 'Every 4 s');
  await page.keyboard.press('j');
  await page.waitForSelector('.connection[data-state="paused"]');
  // It is there again once the state has changed.
  await page.route(/api\/sf/, (route) => route.abort());
  await page.getByText('The connection is lost').waitFor({ timeout: 30_000 });
  await page.unroute(/api\/sf/);
  // After a few attempts that fail while the panel answers.
  for (const deadline = Date.now() + A_MINUTE_AND_MORE; !(await notice.isVisible()); await page.waitForTimeout(1_000)) {
    assert.ok(Date.now() < deadline, 'the notice is there again');
    await page.getByRole('button', { name: 'Retry now' }).click({ timeout: 500 }).catch(() => {});
  }
  await context.close();
});
