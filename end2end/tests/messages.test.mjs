// Someone opens a message, and goes from one to the next.
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
}

test('the rows around one are shown with it marked, and lead back', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/logs?type=SYSTEM&limit=8`);
  const link = page.locator('.log-table__open').nth(5);
  const entry = await link.getAttribute('data-entry');
  await link.click();
  await page.locator('dialog.message-log:modal').getByRole('link', { name: 'Rows around this one' }).click();
  await page.waitForURL(/around=/);
  assert.equal(await page.locator('dialog').count(), 0);
  const marked = page.locator('.log-table__row[aria-current="true"]');
  assert.equal(await marked.locator('.log-table__open').getAttribute('data-entry'), entry);
  assert.ok(await marked.evaluate((row) => row.getBoundingClientRect().top < innerHeight && row.getBoundingClientRect().bottom > 0), 'it is in sight');
  await sound(visitor, 'the rows around one');
  await marked.locator('.log-table__open').click();
  await page.locator('dialog.message-log:modal').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog.message-log').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Back to what was shown before' }).click();
  await page.waitForURL(/type=SYSTEM&limit=8$/);
  await visitor.context.close();
});

test('steps from message to message are all taken, however late the answers come', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?type=SYSTEM&limit=8`);
  const ids = await page.locator('.log-table__open').evaluateAll((links) => links.map((link) => link.dataset.entry));
  await page.locator('.log-table__open').first().click();
  await page.locator('dialog.message-log:modal').waitFor();
  await page.route(/entry=/, async (route) => {
    await new Promise((done) => setTimeout(done, route.request().url().includes(`entry=${ids[1]}`) ? 900 : 300));
    await route.continue().catch(() => {});
  });
  for (let n = 0; n < 3; n += 1) await page.keyboard.press('j');
  await page.waitForFunction((id) => document.querySelector('dialog.message-log').dataset.entry === id, ids[3]);
  await page.waitForTimeout(1_000);
  assert.equal(await page.locator('dialog.message-log').getAttribute('data-entry'), ids[3], 'a late answer changes nothing');
  await page.keyboard.press('j');
  await page.keyboard.press('Escape');
  await page.waitForTimeout(1_000);
  assert.equal(await page.locator('dialog.message-log').count(), 0, 'what was left stays shut');
  await context.close();
});

test('a message that does not come at once says that it is on its way', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?type=SYSTEM&limit=8`);
  await page.evaluate(() => {
    const now = window.fetch;
    window.fetch = (...of) => new Promise((done) => setTimeout(done, 1_200)).then(() => now(...of));
  });
  const first = page.locator('.log-table__open').first();
  await first.click();
  await page.locator('.log-table__open[aria-busy="true"]').waitFor();
  const said = (at, part) => at.evaluate((element, part) => getComputedStyle(part ? element.querySelector(part) : element, '::after').content, part);
  assert.match(await said(first), /Opening/);
  const dialog = page.locator('dialog.message-log:modal');
  await dialog.waitFor();
  assert.equal(await first.getAttribute('aria-busy'), null);
  await page.keyboard.press('j');
  await page.locator('dialog.message-log[aria-busy="true"]').waitFor();
  assert.match(await said(dialog, '.message-log__title'), /opening/);
  await page.locator('dialog.message-log:not([aria-busy])').waitFor();
  await context.close();
});
