// Someone asks what failed, and why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, origin, signIn, sound } from '../support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

/** Opens the first message of a status, once there is one, and gives the dialog. */
async function openMessage(page, status) {
  const first = page.locator(`.log-table__row[data-status="${status}"] .log-table__open`).first();
  for (let attempt = 0; (await first.count()) === 0 && attempt < 60; attempt += 1) {
    await page.waitForTimeout(1_000);
    await page.goto(`${origin}/logs?status=${status}&type=FILES,MYSQL`);
  }
  await first.click();
  return page.locator('dialog.message-log[open]');
}

for (const size of ['desk', 'phone']) {
  test(`the message of a warning and of an error opens with its detail and what to do next (${size})`, async () => {
    const visitor = await signIn(browser, { size });
    const { page } = visitor;
    for (const [status, says, code] of [
      ['warning', 'moved-away', 'Exit code 23'],
      ['error', /Access denied for user|No space left on device/, 'Exit code'],
    ]) {
      await page.goto(`${origin}/logs?status=${status}&type=FILES,MYSQL`);
      const dialog = await openMessage(page, status);
      await dialog.waitFor();
      await dialog.locator('.remote-log__text').waitFor();
      assert.match(await dialog.locator('.remote-log__text').textContent(), new RegExp(says));
      const words = await dialog.locator('.exit-code').textContent();
      assert.ok(words.includes(code) && words.includes('Next:'), words);
      assert.match(page.url(), /entry=\d+/);
      await sound(visitor, `the dialog of the ${status} (${size})`);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.doesNotMatch(page.url(), /entry=/);
    }
    await visitor.context.close();
  });

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
    assert.match(file.suggestedFilename(), new RegExp(`^tailback-logs-to-\\d+-[0-9a-f]{12}\\.${format.toLowerCase()}$`));
    await page.locator('.menu summary').click();
  }
  await visitor.context.close();
});
