// Someone sets up a backup and follows it: a server, its key, a schedule, its first run. With and without scripts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, origin, signIn, sound, SIZES } from '../support/browser.mjs';
import { wire } from '../support/wire.mjs';

SIZES.small = { width: 320, height: 640 };

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

/** The demonstration's first server as its page describes it. */
async function webServer(page) {
  await page.goto(`${origin}/servers`);
  await page.locator('a', { hasText: /^web-1$/ }).click();
  const facts = await page.locator('.facts--page').innerText();
  return { address: facts.match(/127\.0\.0\.1:(\d+)/)[1], user: facts.match(/User\s+(\S+)/)[1], key: facts.match(/SHA256:\S+/)[0] };
}

/** A directory that goes with the demonstration. */
async function backupDirectory(page) {
  await page.goto(`${origin}/schedules/1`);
  return (await page.locator('main').innerText()).match(/\S+\/web-1\/backup/)[0];
}

const PAGES = ['/servers', '/servers/1', '/servers/new', '/schedules', '/schedules/1', '/schedules/new', '/schedules/new?kind=watched', '/schedules/1/edit', '/schedules/1/delete', '/runs', '/runs?state=skipped&type=VM', '/servers/999'];

for (const size of ['desk', 'phone', 'small']) {
  for (const theme of size === 'small' ? ['light'] : ['light', 'dark']) {
    test(`documents are sound (${size}, ${theme})`, async () => {
      const visitor = await signIn(browser, { size, theme });
      for (const path of PAGES) {
        const answer = await visitor.page.goto(origin + path);
        assert.equal(answer.status(), path.endsWith('999') ? 404 : 200, path);
        // What the browser says about the page that is not there.
        visitor.complaints.splice(0, path.endsWith('999') ? 1 : 0);
        await sound(visitor, `${path} (${size}, ${theme})`);
      }
      await visitor.page.goto(`${origin}/runs`);
      await visitor.page.goto(origin + (await visitor.page.locator('.table--runs th a').last().getAttribute('href')));
      await sound(visitor, `a run (${size}, ${theme})`);
      await visitor.context.close();
    });
  }
}

for (const scripts of [false, true]) {
  test(`from a new server to its first backup ${scripts ? 'with' : 'without'} scripts`, async () => {
    const visitor = await signIn(browser, { scripts, size: scripts ? 'desk' : 'phone' });
    const { page } = visitor;
    const { address, user, key } = await webServer(page);
    const backup = await backupDirectory(page);
    const name = `yard ${process.pid} ${scripts ? 'with' : 'without'} scripts`;

    // A form that is wrong keeps what was typed and leads to what is wrong.
    await page.goto(`${origin}/servers/new`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Host', { exact: true }).fill('not a host');
    await page.getByRole('button', { name: 'Add server' }).click();
    const summary = page.locator('.problem-summary');
    await summary.waitFor();
    assert.equal(await page.getByLabel('Name').inputValue(), name);
    if (scripts) {
      assert.ok(await summary.evaluate((element) => element === document.activeElement), 'the summary has the focus');
      visitor.complaints.length = 0; // The browser reports the answer 422.
      await sound(visitor, 'a form that is wrong');
    }
    await page.getByLabel('Host', { exact: true }).fill('127.0.0.1');
    await page.getByLabel('Port').fill(address);
    await page.getByLabel('User').fill(user);
    await page.getByRole('button', { name: 'Add server' }).click();
    await page.waitForURL(/\/servers\/\d+/);

    // First contact: the fingerprint is shown, compared, pinned.
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('Is this the server?').waitFor();
    assert.ok((await page.locator('.notice .fingerprint').innerText()).includes(key));
    if (scripts) await sound(visitor, 'a test that asks for a pin');
    await page.getByRole('button', { name: 'Pin this key' }).click();
    await page.waitForURL(/said=pinned/);
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('The connection works').waitFor();
    assert.match(await page.locator('.steps').innerText(), /rsync version/);

    // A schedule, checked before it is saved.
    await page.getByRole('link', { name: 'Schedule a backup' }).click();
    await page.getByLabel('Name').fill(`etc of ${name}`);
    await page.getByRole('textbox', { name: 'Source 1', exact: true }).fill('/etc/ssl');
    await page.getByRole('button', { name: 'Add source' }).click();
    await page.getByRole('textbox', { name: 'Source 2', exact: true }).fill('/etc/hostname');
    assert.equal(await page.getByRole('textbox', { name: 'Source 1', exact: true }).inputValue(), '/etc/ssl');
    await page.getByLabel('Destination').first().fill(`${backup}/end2end-${process.pid}-${scripts}`);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('nothing has been saved').waitFor();
    assert.equal(await page.locator('.next-times li').count(), 5);
    await page.getByRole('button', { name: 'Add schedule' }).click();
    await page.waitForURL(/\/schedules\/\d+\?said=added/);
    const schedule = page.url().split('?')[0];

    // A dry run, then the real one.
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('Looks good').waitFor();
    if (scripts) await sound(visitor, 'a dry run');
    await page.goto(schedule);
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.waitForURL(/\/runs\/\w{26}/);
    const run = page.url().split('?')[0];
    for (let attempt = 0; attempt < 60 && (await page.locator('.run-state[data-outcome="completed"]').count()) === 0; attempt += 1) {
      await page.waitForTimeout(1_000);
      if (!scripts) await page.goto(run);
    }
    assert.match(await page.locator('.run-state').innerText(), /Completed/);
    assert.match(await page.locator('.timeline').innerText(), /admin asked for FILES[\s\S]*started on[\s\S]*completed/i);
    await page.goto(schedule);
    assert.equal(await page.locator('.strip__bar[data-outcome="completed"]').count(), 1);
    assert.match(await page.locator('#standing').innerText(), /On target/);

    // And away again.
    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete schedule' }).click();
    await page.waitForURL(/\/schedules\?said=deleted/);
    await visitor.context.close();
  });
}

test('a keyboard reaches everything, and the theme turns without a reload', async () => {
  const visitor = await signIn(browser);
  const { page } = visitor;
  await page.goto(`${origin}/schedules`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  for (let n = 0; n < 60; n += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement.matches('.strip__bar'))) break;
  }
  assert.ok(await page.evaluate(() => /·/.test(document.activeElement.getAttribute('aria-label'))), 'a bar of a strip says how its run ended');
  await page.evaluate(() => (window.stillHere = true));
  const button = page.locator('[data-turn-theme]');
  for (const theme of ['light', 'dark', 'system']) {
    await button.click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    assert.equal(await button.getAttribute('aria-label'), `Theme: ${theme}`);
  }
  assert.ok(await page.evaluate(() => window.stillHere));
  await visitor.context.close();
});

test('a page says when it cannot reach the panel, and catches up', async () => {
  const line = await wire(origin);
  const { page, context } = await signIn(browser, { through: line.origin });
  await page.goto(`${line.origin}/servers`);
  await page.locator('#servers[data-refresh]').waitFor();
  line.cut();
  // After the next attempt, which may take ten seconds to be given up, on a machine that has other things to do.
  await page.getByText(/Last update \d+ s ago, cannot reach the panel/).waitFor({ timeout: 60_000 });
  line.mend();
  await page.locator('[data-refresh-state]').waitFor({ state: 'hidden', timeout: 30_000 });
  await context.close();
  line.close();
});

test('the hydrated pages lead to the documents', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/logs?status=completed`);
  await page.locator('.log-table__row').first().waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Servers' }).click();
  await page.waitForURL(`${origin}/servers`);
  assert.equal(await page.locator('h1').innerText(), 'Servers');
  await page.getByRole('link', { name: 'Monitor' }).click();
  await page.waitForURL(`${origin}/`);
  await context.close();
});
