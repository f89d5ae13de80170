// Someone watches backups arrive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SIZES, launch, live, origin, signIn, sound } from '../support/browser.mjs';
import { between, shownAndStored } from '../support/feed.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

// A schedule of the demonstration that takes about ten seconds, every minute.
const SCHEDULE = 'web site';
const A_MINUTE_AND_MORE = 100_000;

/** Watches a card to its end and tells how many different percentages it showed. */
async function percentsUntilGone(page, card) {
  const percents = new Set();
  const deadline = Date.now() + A_MINUTE_AND_MORE;
  while ((await card.count()) > 0 && Date.now() < deadline) {
    const percent = await card.locator('.run-card__percent').textContent({ timeout: 500 }).catch(() => '');
    if (percent) percents.add(percent);
    await page.waitForTimeout(100);
  }
  return percents.size;
}

for (const size of ['desk', 'phone']) {
  test(`a run appears, moves and ends on the Monitor without a reload (${size})`, async () => {
    const visitor = await signIn(browser, { size });
    const { page } = visitor;
    await live(page);
    await sound(visitor, `the Monitor (${size})`);
    await page.evaluate(() => (window.notReloaded = true));
    const card = page.locator('.run-card', { hasText: SCHEDULE });
    // The newest of them: those before it leave the page as rows come in.
    const lastEnd = (name) =>
      [...document.querySelectorAll('.log-table--feed .log-table__row[data-status="completed"]')].find((row) => row.textContent.includes(name))?.querySelector('time').dateTime ?? '';
    const seen = [];
    // A run that is under way already does not count, nor one that found nothing new to copy.
    for (let round = 0; round < 4 && (seen.at(-1) ?? 0) < 3; round += 1) {
      await card.waitFor({ state: 'detached', timeout: A_MINUTE_AND_MORE });
      const endBefore = await page.evaluate(lastEnd, SCHEDULE);
      await card.waitFor({ timeout: A_MINUTE_AND_MORE });
      seen.push(await percentsUntilGone(page, card));
      for (const deadline = Date.now() + 30_000; (await page.evaluate(lastEnd, SCHEDULE)) <= endBefore; await page.waitForTimeout(100)) {
        assert.ok(Date.now() < deadline, 'the end of the run comes to the feed');
      }
    }
    assert.ok(seen.at(-1) >= 3, `progress moved, steps seen in each run: ${seen.join(', ')}`);
    assert.ok(await page.evaluate(() => window.notReloaded), 'the page was not loaded again');
    await sound(visitor, `the Monitor after a run (${size})`);
    await visitor.context.close();
  });
}

test('a row is on screen soon after its commit, each once', async (context) => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await live(page);
  await page.evaluate(() => {
    window.arrivals = [];
    // Older rows may be drawn anew when the window of the list moves.
    const from = Date.now();
    const feed = document.querySelector('.log-table--feed');
    // A row that is moved when others come is no arrival.
    const seen = new WeakSet();
    new MutationObserver((records) => {
      for (const row of records.flatMap((record) => [...record.addedNodes])) {
        const moment = row.querySelector?.('time')?.dateTime;
        const arrives = row.matches?.('.log-table__row') && !seen.has(row) && seen.add(row);
        if (arrives && Date.parse(moment) >= from) window.arrivals.push({ text: row.textContent, late: Date.now() - Date.parse(moment) });
      }
    }).observe(feed, { childList: true, subtree: true });
  });
  // A whole minute of the demonstration: every schedule has begun and most have ended.
  await page.waitForFunction(() => window.arrivals.length >= 8, undefined, { timeout: 100_000 });
  const arrivals = await page.evaluate(() => window.arrivals);
  const late = arrivals.map((arrival) => arrival.late).sort((a, b) => a - b);
  context.diagnostic(`commit to screen: median ${late[late.length >> 1]} ms, worst ${late.at(-1)} ms of ${late.length} rows`);
  assert.ok(late.at(-1) < 5_000, `worst ${late.at(-1)} ms`);
  assert.deepEqual(visitor.complaints, []);
  await visitor.context.close();
});

test('what was cleared unseen stays marked', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  await page.reload();
  await live(page);
  const { head } = await page.evaluate(async () => (await fetch('/api/v1/logs?limit=1')).json());
  line.say({ kind: 'gap', from: head + 1, to: head + 2 });
  const gap = page.getByText(`Some of rows ${head + 1} to ${head + 2} were cleared unseen`);
  await gap.waitFor();
  // What is read anew reaches past the gap.
  await page.waitForFunction(async (past) => (await (await fetch('/api/v1/logs?limit=1')).json()).head > past, head + 3, { timeout: A_MINUTE_AND_MORE, polling: 1_000 });
  // A reading that fails is not the last.
  await page.route(/read_monitor/, (route) => route.abort(), { times: 1 });
  const read = page.waitForResponse(/read_monitor/, { timeout: 15_000 });
  line.say({ kind: 'cleared', up_to: head + 2 });
  await read;
  await page.waitForTimeout(2_500);
  assert.ok(await gap.isVisible(), 'the gap outlasts the reading that the clearing brings');
  await context.close();
});

test('stopping a run asks first, and keeps the keyboard until it is answered', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await live(page);
  const stop = page.locator('.run-card', { hasText: SCHEDULE }).getByRole('button', { name: /^Stop / });
  // One that has just begun, or it may end under the hand.
  await stop.first().waitFor({ state: 'detached', timeout: A_MINUTE_AND_MORE });
  await stop.first().waitFor({ timeout: A_MINUTE_AND_MORE });
  await stop.first().click();
  await page.waitForSelector('.confirm:modal');
  for (const key of ['Tab', 'Tab', 'Tab', 'j', 'Tab']) {
    await page.keyboard.press(key);
    const within = await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest('.confirm')));
    assert.ok(within, `after ${key} the focus is in the question`);
  }
  assert.equal(await page.locator('.connection').getAttribute('data-state'), 'live');
  await page.keyboard.press('Escape');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? ''), /^Stop /);
  // A line that has died without a word: the button does not stay pressed. Ten seconds are one here.
  await page.route(/stop_run/, () => {});
  await page.evaluate(() => {
    const wait = window.setTimeout;
    window.setTimeout = (act, millis, ...rest) => wait(act, millis / 10, ...rest);
  });
  await stop.first().click();
  await page.getByRole('button', { name: 'Stop run' }).click();
  await page.locator('.run-card__problem', { hasText: 'no answer in time' }).waitFor({ timeout: 8_000 });
  assert.ok(await stop.first().isEnabled());
  assert.deepEqual(visitor.complaints, []);
  await context.close();
});

test('the feed stands still while runs come and go above it', async () => {
  const visitor = await signIn(browser, { size: 'phone' });
  const { page, context } = visitor;
  await live(page);
  await page.locator('.run-card').first().waitFor({ state: 'detached', timeout: A_MINUTE_AND_MORE }).catch(() => {});
  await page.evaluate(() => document.querySelector('.feed').scrollIntoView());
  await page.locator('.feed__header .button').click();
  await page.waitForSelector('.connection[data-state="paused"]');
  // As it was drawn.
  const state = () => page.evaluate(() => new Promise((told) => requestAnimationFrame(() => setTimeout(() => told({
    top: Math.round(document.querySelector('.feed').getBoundingClientRect().top),
    cards: document.querySelectorAll('.run-card').length,
    scrolled: scrollY,
  })))));
  const before = await state();
  const seen = new Set();
  for (const deadline = Date.now() + A_MINUTE_AND_MORE; Date.now() < deadline && seen.size < 3; await page.waitForTimeout(200)) {
    const now = await state();
    seen.add(now.cards);
    // Where there is nothing left to scroll to, nothing can be done.
    if (now.scrolled > 0) assert.ok(Math.abs(now.top - before.top) <= 6, `${now.cards} cards: the feed went from ${before.top} to ${now.top}`);
  }
  assert.ok(seen.size > 1, 'runs came or went');
  await context.close();
});

test('the chips filter the stream on the server, and the address says which', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await live(page);
  await page.getByRole('link', { name: 'MySQL', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/type=MYSQL/);
  await live(page);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'MySQL', 'the keyboard stays at what it has chosen');
  await sound(visitor, 'the Monitor with a filter');
  const first = await page.locator('.log-table--feed .log-table__row').first().innerText();
  await page.waitForFunction((text) => document.querySelector('.log-table--feed .log-table__row').innerText !== text, first, { timeout: A_MINUTE_AND_MORE });
  const types = await page.locator('.log-table--feed .log-table__row').evaluateAll((rows) => rows.map((row) => row.innerText.includes('MYSQL')));
  assert.ok(types.length > 1 && types.every(Boolean), 'only rows that pass');
  // What no chip is about is named, and can be taken away by itself.
  await page.goto(`${new URL(page.url()).origin}/?server=1&q=%22nothing+says%20this%22&type=MYSQL`);
  await live(page);
  assert.match(await page.getByRole('link', { name: /^Server / }).innerText(), /^Server \D/, 'by its name');
  await page.getByText('No rows match.').waitFor();
  await sound(visitor, 'the Monitor without a row');
  await page.getByRole('link', { name: /^Words: "nothing says this"/ }).click();
  await page.waitForURL((url) => url.search === '?type=MYSQL&server=1');
  await live(page);
  await page.goto(`${new URL(page.url()).origin}/?status=nonsense`);
  await page.getByText('This filter cannot be applied').waitFor();
  await context.close();
});

test('older rows come from history in place, each once', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await live(page);
  const before = await page.locator('.log-table--feed .log-table__row').count();
  await page.keyboard.press('End');
  await page.waitForFunction((count) => document.querySelectorAll('.log-table--feed .log-table__row').length > count, before, { timeout: 20_000 });
  const [shown, stored] = await shownAndStored(page, '');
  const from = stored.indexOf(shown[0]);
  assert.ok(from >= 0 && shown.length > before, `${shown.length} rows, ${before} before`);
  const count = Math.min(shown.length, stored.length - from);
  assert.deepEqual(shown.slice(0, count), stored.slice(from, from + count));
  await context.close();
});

test('the panel can be installed, and says so itself when it cannot be reached', async () => {
  const visitor = await signIn(browser, { worker: true });
  const { page, context } = visitor;
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const manifest = await page.evaluate(async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json());
  for (const icon of manifest.icons) {
    assert.equal(await page.evaluate(async (src) => (await fetch(src)).status, icon.src), 200, icon.src);
  }
  const kept = await page.evaluate(async () => {
    const all = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)));
    return all.flat().sort();
  });
  assert.deepEqual(kept, ['/favicon.svg', '/offline.css', '/offline.html'], 'nothing of what the panel says is kept');
  await context.setOffline(true);
  await page.goto(`${new URL(page.url()).origin}/logs`).catch(() => {});
  await page.getByRole('heading', { name: 'The panel cannot be reached' }).waitFor();
  await context.setOffline(false);
  // What was asked for comes by itself.
  await page.getByRole('heading', { name: 'Logs', exact: true }).waitFor({ timeout: 20_000 });
  await context.close();
});

test('a counter soon tells of what the feed shows, and nothing is asked for', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await live(page);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const counter = page.locator('.counters li', { hasText: 'Failed in 24 h' });
  const before = Number((await counter.innerText()).match(/\d+/)[0]);
  const newest = () => document.querySelector('.log-table--feed .log-table__row[data-status="error"] a[href*="entry="]')?.href;
  const known = await page.evaluate(newest);
  await page.waitForFunction(
    (known) => (document.querySelector('.log-table--feed .log-table__row[data-status="error"] a[href*="entry="]')?.href ?? known) !== known,
    known,
    { timeout: A_MINUTE_AND_MORE },
  );
  // Two seconds, and what a busy machine needs.
  await page.waitForFunction(
    (before) => [...document.querySelectorAll('.counters li')].some((item) => item.innerText.includes('Failed') && Number(item.innerText.match(/\d+/)[0]) > before),
    before,
    { timeout: 6_000 },
  );
  assert.deepEqual(asked, [], 'all of it came over the one WebSocket');
  await visitor.context.close();
});

test('the keys of every page work on the Monitor', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await live(page);
  await page.keyboard.press('?');
  await page.locator('#keys').waitFor({ state: 'visible' });
  await sound(visitor, 'the sheet of keys on the Monitor');
  await page.keyboard.press('Escape');
  await page.locator('#keys').waitFor({ state: 'hidden' });
  await page.keyboard.press('Space');
  await page.waitForSelector('.connection[data-state="paused"]');
  await page.keyboard.press('Space');
  await live(page);
  // From entry to entry: what comes in by itself waits for whoever reads.
  await page.keyboard.press('j');
  await page.waitForSelector('.connection[data-state="paused"]');
  const entry = await page.evaluate(() => document.activeElement.getAttribute('data-entry'));
  assert.ok(entry);
  await page.keyboard.press('Space');
  await live(page);
  await page.keyboard.press('j');
  assert.notEqual(await page.evaluate(() => document.activeElement.getAttribute('data-entry')), entry);
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`entry=${entry}`));
  await page.keyboard.press('Escape');
  await page.waitForURL(`${origin}/`);
  await live(page);
  await page.keyboard.press('/');
  await page.keyboard.type('files -nothing');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/logs\?q=files\+-nothing/);
  for (const [key, path] of [['s', '/schedules'], ['m', '/'], ['l', '/logs'], ['v', '/servers']]) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  // Who speaks to the browser turns them off.
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByLabel('These keys work in this browser').uncheck();
  await page.goto(origin);
  await live(page);
  for (const key of ['?', '/', 'j', 'Space']) await page.keyboard.press(key);
  assert.ok(await page.locator('#keys').isHidden());
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BODY');
  await live(page);
  // They stay so for who signs in again.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/sign-in/);
  assert.equal((await visitor.context.cookies()).find(({ name }) => name === 'keys')?.value, 'off');
  await visitor.context.close();
});

test('who is at a server stays there while it is checked', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  const line = await between(page);
  await page.reload();
  await live(page);
  // One that does not answer is looked at less and less often.
  await page.locator('.server[data-link="up"] .server__name').first().focus();
  const name = await page.evaluate(() => document.activeElement.textContent);
  // Another comes, answers and goes.
  const { items } = await page.evaluate(async () => (await fetch('/api/v1/servers')).json());
  const another = { ...items.find((server) => server.name === name), id: 9_999, name: 'zz' };
  line.say({ kind: 'servers', servers: [{ ...another, link: { state: 'unknown', since: null, checked_at: null, error: null } }], removed: [] });
  await page.locator('.server[data-link="unknown"]', { hasText: 'zz' }).waitFor();
  line.say({ kind: 'servers', servers: [another], removed: [] });
  await page.locator('.server[data-link="up"]', { hasText: 'zz' }).waitFor();
  line.say({ kind: 'servers', servers: [], removed: [9_999] });
  await page.locator('.server', { hasText: 'zz' }).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
  const before = await page.locator('.server[data-link="up"] .server__checked time').first().getAttribute('datetime');
  const isNewer = (before) => {
    const checked = document.activeElement.closest('.server')?.querySelector('.server__checked time');
    return checked && checked.dateTime !== before;
  };
  await page.waitForFunction(isNewer, before, { timeout: A_MINUTE_AND_MORE });
  assert.equal(await page.evaluate(() => document.activeElement.className), 'server__name');
  await context.close();
});

for (const [held, viewport] of [['upright', SIZES.phone], ['sideways', { width: 844, height: 390 }]]) {
  test(`a finger meets everything on a phone held ${held}`, async () => {
    const visitor = await signIn(browser, { size: 'phone' });
    const { page, context } = visitor;
    await page.setViewportSize(viewport);
    await live(page);
    await page.locator('.run-card').first().waitFor({ timeout: A_MINUTE_AND_MORE });
    const small = await page.locator('.top-bar a, .top-bar .button, .chip, .server__name, .server-strip__rest a, .run-card a, .run-card__stop, .feed .button, .navigation a').evaluateAll((targets) =>
      targets.filter((target) => target.checkVisibility() && target.getBoundingClientRect().height < 43.5).map((target) => `${target.className || target.textContent} ${target.getBoundingClientRect().height}`),
    );
    assert.deepEqual(small, []);
    await sound(visitor, `the Monitor on a phone held ${held}`);
    await context.close();
  });
}

test('nothing scrolls sideways on the narrowest phone', async () => {
  const visitor = await signIn(browser, { size: 'phone' });
  await visitor.page.setViewportSize({ width: 320, height: 568 });
  for (const path of ['/', '/logs', '/servers', '/schedules', '/users', '/profile']) {
    await visitor.page.goto(`${origin}${path}`);
    await visitor.page.waitForLoadState('load');
    await sound(visitor, `${path} at 320 px`);
  }
  await visitor.context.close();
});
