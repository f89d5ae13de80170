// Someone looks for rows: filters, the histogram, older rows, what is taken along.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, origin, signIn, sound } from '../support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

for (const size of ['desk', 'phone']) {
  test(`filters find what is there and say so when there is nothing (${size})`, async () => {
    const visitor = await signIn(browser, { size });
    const { page } = visitor;
    await page.goto(`${origin}/logs?status=completed`);
    await page.locator('.log-table__row').first().waitFor({ timeout: 60_000 });
    const statuses = await page.locator('.log-table__row').evaluateAll((rows) => [...new Set(rows.map((row) => row.dataset.status))]);
    assert.deepEqual(statuses, ['completed']);
    await sound(visitor, `Logs (${size})`);
    await page.goto(`${origin}/logs?from=2001-01-01&to=2001-01-02`);
    assert.equal(await page.locator('.log-table__row').count(), 0);
    assert.match(await page.locator('main').textContent(), /No .*match|Nothing matches|no entries match/i);
    await sound(visitor, `Logs without a match (${size})`);
    await page.goto(`${origin}/logs?from=yesterday`);
    assert.match(await page.locator('main').textContent(), /from/i);
    // The browser notes the status of the answer, which is meant.
    visitor.complaints.splice(0, Infinity, ...visitor.complaints.filter((text) => !text.includes('400 (Bad Request)')));
    await sound(visitor, `Logs with a filter that is wrong (${size})`);
    await visitor.context.close();
  });
}

test('both pages are sound in the dark', async () => {
  const visitor = await signIn(browser, { theme: 'dark' });
  await sound(visitor, 'the Monitor in the dark');
  await visitor.page.goto(`${origin}/logs`);
  await sound(visitor, 'Logs in the dark');
  await visitor.context.close();
});

test('rows are read, opened and left by keys alone', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?limit=5`);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const second = await page.evaluate(() => document.activeElement.dataset.entry);
  await page.keyboard.press('Enter');
  await page.locator('dialog.message-log:modal').waitFor();
  assert.match(page.url(), new RegExp(`entry=${second}`));
  await page.keyboard.press('k');
  await page.waitForFunction((id) => Number(document.querySelector('dialog.message-log').dataset.entry) > Number(id), second);
  const first = await page.locator('dialog.message-log').getAttribute('data-entry');
  await page.keyboard.press('Escape');
  await page.locator('dialog.message-log').waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /entry=/);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.entry), first, 'focus is where the reader was');
  await page.keyboard.press('?');
  assert.ok(await page.locator('#keys').isVisible());
  await sound(visitor, 'the sheet of keys');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('backup*');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=backup/);
  await visitor.context.close();
});

test('older rows come by themselves, each once', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?limit=3&type=SYSTEM`);
  const total = Number(await page.locator('.log-count__figure').first().textContent());
  assert.ok(total > 10);
  for (let n = 0; n < 200 && (await page.locator('[data-older]').count()) > 0; n += 1) {
    await page.mouse.wheel(0, 4_000);
    await page.waitForTimeout(50);
  }
  const ids = await page.locator('.log-table__open').evaluateAll((links) => links.map((link) => Number(link.dataset.entry)));
  assert.equal(ids.length, total);
  assert.ok(ids.every((id, n) => n === 0 || id < ids[n - 1]));
  // The address of one of them leads to the page as it is, not to the one that it came with.
  await page.locator('.log-table__open').last().click();
  await page.waitForURL(/entry=/);
  assert.doesNotMatch(page.url(), /before=/);
  await visitor.context.close();
});

test('a page that takes its time says so', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?status=`);
  const before = await page.locator('.log-count').innerText();
  await page.route(/\/logs\?/, async (route) => {
    await new Promise((done) => setTimeout(done, 2_000));
    await route.continue();
  });
  // What is seen while the next page is on its way is kept for it.
  await page.evaluate(() => {
    const main = document.querySelector('main');
    new MutationObserver(() => sessionStorage.setItem('seen', `${main.ariaBusy} ${main.querySelector('.log-count').textContent}`)).observe(main, { attributes: true });
  });
  await page.getByLabel('Error', { exact: false }).first().check({ noWaitAfter: true });
  await page.waitForURL(/status=error/);
  assert.equal(await page.evaluate(() => sessionStorage.getItem('seen')), 'true Looking …');
  await page.goBack();
  await page.waitForURL(/status=$/);
  assert.equal(await page.locator('main[aria-busy]').count(), 0);
  assert.match(await page.locator('.log-count').innerText(), new RegExp(before.replace(/[\d,]+/g, '[\\d,]+')));
  await visitor.context.close();
});

test('a drag over the histogram zooms, and a view is saved, opened first and deleted', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?from=${new Date(Date.now() - 3_600_000).toISOString()}`);
  const box = await page.locator('.histogram__bars').boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.99, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/to=/);
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  const minutes = (Date.parse(to) - Date.parse(from)) / 60_000;
  assert.ok(minutes > 20 && minutes < 30, `${from} to ${to}`);
  await page.goto(`${origin}/logs?status=error`);
  await page.getByText('Save this view').click();
  await page.getByLabel('Name').fill('What failed');
  await page.getByLabel('Open Logs with it').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('link', { name: /What failed/ }).waitFor();
  await sound(visitor, 'Logs with a saved view');
  await page.goto(`${origin}/logs`);
  assert.match(page.url(), /status=error/);
  await page.getByRole('button', { name: 'Delete the view What failed' }).click();
  await page.goto(`${origin}/logs`);
  assert.doesNotMatch(page.url(), /status=error/);
  await visitor.context.close();
});

test('exports are files of what is shown', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?status=completed`);
  for (const format of ['CSV', 'NDJSON', 'XLSX']) {
    await page.locator('.menu summary').click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: format, exact: true }).click()]);
    assert.match(file.suggestedFilename(), new RegExp(`^tailback-logs-to-\\d+-[0-9a-f]{64}\\.${format.toLowerCase()}$`));
    await page.locator('.menu summary').click();
  }
  await visitor.context.close();
});

test('a row and the way to it are copied by keys, and shown to be copied where the clipboard is blocked', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${origin}/logs?type=SYSTEM`);
  const told = page.locator('.copied__word');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press('c');
  assert.equal(await told.textContent(), 'Choose an entry first: j and k do');
  await page.keyboard.press('j');
  const row = page.locator('.log-table__row').first();
  const message = await row.locator('.log-table__text').textContent();
  await page.keyboard.press('c');
  await page.getByText('Line copied').waitFor();
  const line = await clipboard();
  assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \w+ SYSTEM /);
  assert.ok(line.endsWith(message) && !line.includes(' ago'), line);
  await page.keyboard.press('Shift+C');
  await page.getByText('Permalink copied').waitFor();
  const entry = await row.locator('.log-table__open').getAttribute('data-entry');
  assert.equal(await clipboard(), `${origin}/logs?entry=${entry}`);
  await sound(visitor, 'Logs after a row was copied');

  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error('blocked'))));
  await page.keyboard.press('c');
  await page.getByText('press Ctrl+C').waitFor();
  const field = page.getByLabel('Text to copy');
  assert.equal(await field.inputValue(), line);
  assert.equal(await page.evaluate(() => getSelection().toString()), line, 'one keystroke copies it');
  await sound(visitor, 'Logs with a text to copy');
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.dataset.entry), entry, 'focus is where the reader was');
  await context.close();
});

for (const [rows, limit] of [['that had come by scrolling', 3], ['of the first page', 100]]) {
  test(`who comes back is at the row where they were, among rows ${rows}`, async () => {
    const { page, context } = await signIn(browser);
    const addRows = async (count) => {
      for (let n = 0; n < count; n += 1) await page.request.get(`${origin}/api/v1/logs/export?format=csv&status=missed`);
    };
    // So many do not fit on the screen.
    await addRows(20);
    await page.goto(`${origin}/logs?limit=${limit}&type=SYSTEM`);
    const isPast = () => document.querySelector('.log-table__row').getBoundingClientRect().bottom < -50 || void scrollBy(0, 200);
    await page.waitForFunction(isPast, undefined, { polling: 100 });
    // The rows that are on their way for this place.
    await page.waitForTimeout(500);
    const before = await page.evaluate(() => {
      const row = [...document.querySelectorAll('.log-table__row')].find((one) => one.getBoundingClientRect().bottom > 0);
      return { entry: row.querySelector('.log-table__open').dataset.entry, top: row.getBoundingClientRect().top };
    });
    // What is new moves everything down.
    await addRows(3);
    await page.goto(`${origin}/servers`);
    await page.goBack();
    const isThere = (row) => {
      const link = document.querySelector(`.log-table__open[data-entry="${row.entry}"]`);
      return link && Math.abs(link.closest('.log-table__row').getBoundingClientRect().top - row.top) <= 2;
    };
    await page.waitForFunction(isThere, before);
    // And stays there.
    await page.waitForTimeout(500);
    assert.ok(await page.evaluate(isThere, before));
    await context.close();
  });
}

test('older rows that the panel could not give are asked for again in place', async () => {
  const { page, context } = await signIn(browser);
  await page.route(/before=/, (route) => route.fulfill({ status: 503, body: 'not now' }));
  await page.goto(`${origin}/logs?type=SYSTEM&limit=3`);
  await page.getByText('The panel did not answer: try again').waitFor();
  assert.doesNotMatch(page.url(), /before=/);
  await page.unroute(/before=/);
  await page.getByText('The panel did not answer: try again').click();
  await page.waitForFunction(() => document.querySelectorAll('.log-table__row').length > 3);
  assert.doesNotMatch(page.url(), /before=/);
  await context.close();
});

test('a bar opens in another tab when it is asked to', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?from=${new Date(Date.now() - 3_600_000).toISOString()}`);
  const before = page.url();
  const [other] = await Promise.all([context.waitForEvent('page'), page.locator('.histogram__bar').last().click({ modifiers: ['Control'], force: true })]);
  await other.waitForURL(/to=/);
  assert.equal(page.url(), before);
  await context.close();
});

test('a finger zooms along the histogram and scrolls across it', async () => {
  const { page, context } = await signIn(browser, { size: 'phone' });
  const hour = `${origin}/logs?from=${new Date(Date.now() - 3_600_000).toISOString()}`;
  await page.goto(hour);
  const touch = await context.newCDPSession(page);
  const drag = async (points) => {
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [points[0]] });
    for (const point of points.slice(1)) await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [point] });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  let box;
  const centre = async () => {
    const bars = page.locator('.histogram__bars');
    await bars.evaluate((element) => element.scrollIntoView({ block: 'center', behavior: 'instant' }));
    box = await bars.boundingBox();
  };
  const at = (share, up = 0) => ({ x: box.x + box.width * share, y: box.y + 40 - up });
  await centre();
  await drag([at(0.4), at(0.5), at(0.6), at(0.8), at(0.98)]);
  await page.waitForURL(/to=/);
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  const minutes = (Date.parse(to) - Date.parse(from)) / 60_000;
  assert.ok(minutes > 30 && minutes < 40, `${from} to ${to}`);
  await page.goto(hour);
  await centre();
  const scrolled = await page.evaluate(() => scrollY);
  await drag([at(0.5), at(0.5, 20), at(0.5, 60), at(0.5, 140), at(0.5, 220)]);
  await page.waitForFunction((before) => scrollY > before + 50, scrolled);
  assert.equal(await page.locator('[data-chosen]').getAttribute('width'), '0');
  assert.equal(page.url(), hour, 'a scroll chooses nothing');
  await context.close();
});

test('who filters by keys stays where they were, and a fold that was open stays open', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?type=SYSTEM`);
  const inFocus = () => page.evaluate(() => [document.activeElement.name, document.activeElement.value]);
  await page.locator('.chip__box[value="error"]').focus();
  await page.keyboard.press('Space');
  await page.waitForURL(/status=error/);
  await page.waitForLoadState();
  assert.deepEqual(await inFocus(), ['status', 'error']);
  await page.locator('select[name="type"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('type') !== 'SYSTEM');
  await page.waitForLoadState();
  assert.equal((await inFocus())[0], 'type');
  await page.reload();
  assert.deepEqual(await inFocus(), [undefined, undefined], 'only the page that the filter gave is told');
  // Keys of the list are not taken from whoever clicks.
  await page.locator('.chip', { has: page.locator('[value="warning"]') }).click();
  await page.waitForURL(/warning/);
  await page.waitForLoadState();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BODY');
  await context.close();

  const phone = await signIn(browser, { size: 'phone' });
  await phone.page.goto(`${origin}/logs?status=info`);
  const type = phone.page.locator('select[name="type"]');
  assert.ok(!(await type.isVisible()));
  await phone.page.locator('.filter-more__summary').click();
  await type.selectOption('SYSTEM');
  await phone.page.waitForURL(/type=SYSTEM/);
  await type.waitFor();
  await phone.context.close();
});

test('an export that is refused says why', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?status=completed`);
  await page.locator('.menu summary').click();
  const link = page.getByRole('link', { name: 'CSV', exact: true });
  await link.evaluate((link) => (link.href = link.href.replace('format=csv', 'format=papyrus')));
  await link.click();
  await page.waitForURL(/papyrus/);
  await page.getByText('expected csv, ndjson or xlsx').first().waitFor();
  await context.close();
});

test('rows take as much room as was chosen, and still do on the next page', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs`);
  const height = () => page.locator('.log-table__row').first().evaluate((row) => row.getBoundingClientRect().height);
  const heights = [await height()];
  for (const density of ['Compact', 'Dense']) {
    await page.getByRole('button', { name: density }).click();
    heights.push(await height());
    await page.reload();
    assert.equal(await page.getByRole('button', { name: density }).getAttribute('aria-pressed'), 'true');
    assert.equal(await height(), heights.at(-1));
    await sound(visitor, `Logs, ${density}`);
  }
  assert.ok(heights[0] > heights[1] && heights[1] > heights[2], `${heights}`);
  // However long the names: with the widest ones, no row takes a second line.
  await page.locator('.log-table__row').first().evaluate((row) => {
    for (const column of ['server', 'schedule']) row.querySelector(`[data-column="${column}"]`).textContent = 'a very long name of many words '.repeat(3);
  });
  assert.equal(await height(), heights[2]);
  await visitor.context.close();
});
