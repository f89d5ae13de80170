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
    await page.goto(`${origin}/logs?status=${status}`);
  }
  await first.click();
  return page.locator('dialog.message-log[open]');
}

/** Waits until links and buttons answer to scripts. */
async function awake(page) {
  await page.waitForFunction(() => document.documentElement.matches('.is-awake, [data-awake]') || performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('.wasm')));
  await page.waitForTimeout(500);
}

for (const size of ['desk', 'phone']) {
  test(`the message of a warning and of an error opens with its detail and what to do next (${size})`, async () => {
    const visitor = await signIn(browser, { size });
    const { page } = visitor;
    for (const [status, says, code] of [
      ['warning', 'moved-away', 'Exit code 23'],
      ['error', /Access denied for user|No space left on device/, 'Exit code'],
    ]) {
      await page.goto(`${origin}/logs?status=${status}`);
      await awake(page);
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
