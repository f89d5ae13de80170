// Someone whose browser runs no scripts, or whose scripts have not arrived yet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, origin, signIn } from '../support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

test('Logs are read, filtered, paged and opened without scripts', async () => {
  const { page, context } = await signIn(browser, { scripts: false });
  assert.match(await page.locator('main').innerText(), /web-1/);
  await page.goto(`${origin}/logs`);
  assert.ok((await page.locator('.log-table__row').count()) > 5);
  await page.goto(`${origin}/logs?before=8`);
  assert.ok((await page.locator('.log-table__row').count()) <= 7);
  const first = page.locator('.log-table__row[data-status="warning"] .log-table__open').first();
  for (let attempt = 0; attempt < 60; attempt += 1) {
    await page.goto(`${origin}/logs?status=warning&type=FILES`);
    if ((await first.count()) > 0) break;
    await page.waitForTimeout(1_000);
  }
  await first.click();
  await page.waitForURL(/entry=\d+/);
  assert.match(await page.locator('dialog[open]').innerText(), /Exit code 23/);
  assert.match(await page.locator('dialog[open] pre').innerText(), /moved-away/);
  await context.close();
});

test('the Monitor says of when it is, and what it cannot do is not promised', async () => {
  const { page, context } = await signIn(browser, { scripts: false });
  const state = page.locator('.connection');
  assert.match(await state.innerText(), /^As of \d\d:\d\d:\d\d · reload for newer rows$/);
  assert.ok(!(await page.locator('main').innerText()).includes('Connecting'));
  await page.goto(`${origin}/?q=nothing-says-this`);
  assert.match(await page.locator('.feed').innerText(), /No rows match\.\s+Show all rows/);
  assert.ok(!(await page.locator('main').innerText()).includes('Rows appear here'));
  await page.getByRole('link', { name: 'Show all rows' }).click();
  await page.waitForURL(`${origin}/#feed`);
  assert.ok((await page.locator('.log-table__row').count()) > 5);
  await context.close();
});

test('a day is chosen over a moment without scripts, and a mistake costs nothing of the filter', async () => {
  const { page, context } = await signIn(browser, { scripts: false });
  await page.goto(`${origin}/logs?status=info`);
  await page.getByRole('link', { name: '24 h', exact: true }).click();
  await page.waitForURL(/from=/);
  await page.locator('input[type="date"][name="from"]').fill('2026-01-01');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL(/from=2026-01-01/);
  assert.ok((await page.locator('.log-table__row').count()) > 0, await page.locator('main').innerText());
  await page.locator('input[type="date"][name="to"]').fill('2025-01-01');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('This filter cannot be applied').waitFor();
  assert.ok(await page.locator('.chip__box[value="info"]').isChecked());
  assert.equal(await page.locator('input[name="from"]').inputValue(), '2026-01-01');
  assert.equal(await page.locator('input[name="to"]').inputValue(), '2025-01-01');
  await context.close();
});

test('signing out closes every door', async () => {
  const { page, context } = await signIn(browser, { scripts: false });
  await page.locator('form[action="/sign-out"] button').first().click();
  await page.waitForURL(/sign-in/);
  await page.goto(`${origin}/logs`);
  assert.match(page.url(), /sign-in\?next=/);
  const answer = await context.request.get(`${origin}/api/v1/logs`);
  assert.equal(answer.status(), 401);
  await context.close();
});
