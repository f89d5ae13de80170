// Who may see what: an administrator makes roles and users, and they come in, with a second factor and without scripts.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, live, origin, signIn, sound, SIZES } from '../support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

/** What an authenticator shows for a secret in base32. */
function codeOf(words, at = Date.now()) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...words.replaceAll(/\s/g, '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const seed = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac('sha1', seed).update(step).digest();
  return String((digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Adds a user and gives the password, which is shown once. */
async function addUser(page, name, { role = 'viewer', server } = {}) {
  await page.goto(`${origin}/users/new`);
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Role').selectOption(role);
  if (server) await page.getByLabel(server, { exact: true }).check();
  await page.getByRole('button', { name: 'Add user' }).click();
  await page.getByText('Copy the password now').waitFor();
  return page.locator('#password').innerText();
}

/** Comes in at the front door. */
async function enter(name, password, { scripts = true, size = 'desk', theme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], javaScriptEnabled: scripts, colorScheme: theme });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${origin}/sign-in?next=%2Fservers`);
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return { page, context, complaints };
}

for (const size of ['desk', 'phone']) {
  for (const theme of ['light', 'dark']) {
    test(`the pages about people are sound (${size}, ${theme})`, async () => {
      const visitor = await signIn(browser, { size, theme });
      for (const path of ['/users', '/users/new', '/users/1', '/users/1/edit', '/users/1/delete', '/roles', '/roles/new', '/profile', '/profile/tokens/new', '/profile/two-factor/remove', '/more']) {
        const answer = await visitor.page.goto(origin + path);
        assert.equal(answer.status(), 200, path);
        await sound(visitor, `${path} (${size}, ${theme})`);
      }
      await visitor.page.goto(`${origin}/profile`);
      await visitor.page.getByRole('button', { name: 'Set up' }).click();
      await visitor.page.locator('.qr').waitFor();
      await sound(visitor, `a second factor (${size}, ${theme})`);
      await visitor.context.close();
    });
  }
}

test('a phone reaches users, roles and the profile without scripts', async () => {
  const { page, context } = await signIn(browser, { size: 'phone', scripts: false });
  assert.equal(await page.locator('.navigation__link:visible').count(), 5);
  for (const name of ['Users', 'Roles', 'Profile']) {
    await page.getByRole('link', { name: 'More' }).click();
    await page.locator('.more-list').getByRole('link', { name }).click();
    await page.waitForURL(`${origin}/${name.toLowerCase()}`);
  }
  await context.close();
});

for (const scripts of [false, true]) {
  test(`a user of one server sees that one alone ${scripts ? 'with' : 'without'} scripts`, async () => {
    const admin = await signIn(browser, { scripts });
    const name = `vera${process.pid}${scripts ? 'a' : 'b'}`;
    const password = await addUser(admin.page, name, { server: 'web-1' });
    // Never again: neither on the user's page nor in its source.
    await admin.page.getByRole('link', { name: 'Done' }).click();
    assert.ok(!(await admin.page.content()).includes(password));
    assert.match(await admin.page.locator('.facts--page').innerText(), /web-1/);

    const vera = await enter(name, password, { scripts });
    await vera.page.waitForURL(`${origin}/servers`);
    assert.deepEqual(await vera.page.locator('.table tbody th a').allInnerTexts(), ['web-1']);
    for (const word of ['Users', 'Roles']) assert.equal(await vera.page.locator('.navigation').getByText(word).count(), 0, word);
    const refused = await vera.page.goto(`${origin}/users`);
    assert.equal(refused.status(), 403);
    await vera.page.goto(`${origin}/logs`);
    assert.ok(!(await vera.page.locator('main').innerText()).includes('db-1'));

    // A new password puts her out.
    await admin.page.getByRole('button', { name: 'Make a new password' }).click();
    await admin.page.getByText('Copy the password now').waitFor();
    await vera.page.goto(`${origin}/servers`);
    assert.match(vera.page.url(), /sign-in/);
    await admin.page.getByRole('link', { name: 'Done' }).click();
    await admin.page.getByRole('link', { name: 'Delete' }).click();
    await admin.page.getByRole('button', { name: 'Delete user' }).click();
    await admin.page.waitForURL(/\/users\?said=deleted/);
    await vera.context.close();
    await admin.context.close();
  });
}

test('a page that was away while its viewer lost a server shows nothing of it', async () => {
  const admin = await signIn(browser);
  const name = `lena${process.pid}`;
  const password = await addUser(admin.page, name, { server: 'web-1' });
  const { page, context } = await enter(name, password);
  await page.goto(origin);
  await live(page);
  await page.locator('.log-table--feed .log-table__row', { hasText: 'web-1' }).first().waitFor();
  await page.evaluate(() => (window.isTheSame = true));
  await context.setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  const status = await admin.page.evaluate(async (name) => {
    const list = async (path) => (await (await fetch(path)).json()).items;
    const { id, role } = (await list('/api/v1/users')).find((user) => user.username === name);
    const other = (await list('/api/v1/servers')).find((server) => server.name !== 'web-1');
    const body = JSON.stringify({ username: name, role, servers: [other.id] });
    return (await fetch(`/api/v1/users/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body })).status;
  }, name);
  assert.equal(status, 200);
  await context.setOffline(false);
  // It may be loading anew already.
  await page.evaluate(() => window.dispatchEvent(new Event('online'))).catch(() => {});
  await page.waitForFunction(() => window.isTheSame === undefined, undefined, { timeout: 30_000 });
  await live(page);
  assert.ok(!(await page.locator('main').innerText()).includes('web-1'));
  await context.close();
  await admin.context.close();
});

test('a second factor is set up, asked for and turned off', async () => {
  const admin = await signIn(browser);
  const name = `tom${process.pid}`;
  const password = await addUser(admin.page, name);
  const tom = await enter(name, password);
  await tom.page.goto(`${origin}/profile`);
  await tom.page.getByRole('button', { name: 'Set up' }).click();
  const secret = await tom.page.locator('#seed').innerText();
  await tom.page.getByLabel('Password', { exact: true }).fill(password);
  await tom.page.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret, Date.now() - 30_000));
  await tom.page.getByRole('button', { name: 'Turn on' }).click();
  const codes = (await tom.page.locator('#recovery-codes').innerText()).trim().split('\n');
  assert.equal(codes.length, 10);
  await sound(tom, 'recovery codes');

  const again = await enter(name, password);
  await again.page.getByRole('heading', { name: 'Enter the code' }).waitFor();
  await sound(again, 'the page that asks for a code');
  assert.ok(await again.page.getByRole('textbox', { name: 'Code' }).evaluate((element) => element === document.activeElement));
  await again.page.keyboard.type('000000');
  await again.page.keyboard.press('Enter');
  await again.page.getByText('That code is not good').waitFor();
  await again.page.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret));
  await again.page.getByRole('button', { name: 'Sign in' }).click();
  await again.page.waitForURL(`${origin}/servers`);

  // Two sessions; this one ends the other.
  await again.page.goto(`${origin}/profile`);
  await again.page.getByLabel('Your password').fill(password);
  await again.page.getByRole('button', { name: 'End all others' }).click();
  await again.page.waitForURL(/said=ended/);
  await tom.page.goto(`${origin}/profile`);
  assert.match(tom.page.url(), /sign-in/);
  await again.page.goto(`${origin}/profile/two-factor/remove`);
  await again.page.getByLabel('Password').fill(password);
  await again.page.getByRole('textbox', { name: 'Code' }).fill(codes[0]);
  await again.page.getByRole('button', { name: 'Turn off' }).click();
  await again.page.waitForURL(/said=factor-off/);
  for (const { context } of [admin, tom, again]) await context.close();
});

test('a token is made, shown once and revoked with the keyboard', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/profile/tokens/new`);
  await page.getByLabel('Name').focus();
  await page.keyboard.type(`reader ${process.pid}`);
  await page.getByLabel('See servers').focus();
  await page.keyboard.press('Space');
  await page.getByLabel('Name').focus();
  await page.keyboard.press('Enter');
  const token = (await page.locator('#token').innerText()).trim();
  const ask = (path) => fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.status);
  assert.deepEqual([await ask('/api/v1/servers'), await ask('/api/v1/logs')], [200, 403]);
  await page.goto(`${origin}/profile`);
  assert.ok(!(await page.content()).includes(token));
  await page.getByRole('button', { name: `Revoke reader ${process.pid}` }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/said=revoked/);
  assert.equal(await ask('/api/v1/servers'), 401);
  await context.close();
});

test('a role is put together, given and changed', async () => {
  const { page, context } = await signIn(browser);
  const name = `night watch ${process.pid}`;
  await page.goto(`${origin}/roles/new`);
  await page.getByRole('button', { name: 'Add role' }).click();
  await page.locator('.problem-summary').waitFor();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('See Monitor').check();
  await page.getByRole('button', { name: 'Add role' }).click();
  await page.waitForURL(/said=added/);
  await addUser(page, `nina${process.pid}`, { role: name });
  await page.goto(`${origin}/roles`);
  assert.equal(await page.getByRole('link', { name: `Delete ${name}` }).count(), 0, 'a role that is used stays');
  await page.getByRole('link', { name: `Edit ${name}` }).click();
  assert.ok(await page.getByLabel('See Monitor').isChecked());
  await context.close();
});
