// What the browser makes of the panel's policy: no page breaks it, in either theme, also with texts that would like to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, live, origin, signIn, sound } from '../support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(async () => browser.close());

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '"><script>alert(1)</script>',
  '" onmouseover="alert(1)" x="',
  "' autofocus onfocus='alert(1)' '",
  '</textarea></title><script>alert(1)</script>',
  '<!--<script>',
  '🧨👨‍👩',
  '=HYPERLINK("http://evil.example","x")',
  `<b>${'very long '.repeat(8)}</b>`,
];

/** Remembers every report of a broken policy and every dialog. */
async function watched(visitor) {
  const seen = [];
  await visitor.context.exposeBinding('reportViolation', (_, text) => seen.push(text));
  await visitor.context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => window.reportViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sample} on ${location.pathname}`));
  });
  visitor.page.on('dialog', (dialog) => {
    seen.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return seen;
}

/** A request by the page itself, with its session. */
const post = (page, path, body) =>
  page.evaluate(
    async ([path, body]) => {
      const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      return { status: answer.status, body: answer.headers.get('content-type')?.includes('json') ? await answer.json() : null };
    },
    [path, body],
  );

const PAGES = ['/', '/logs', '/logs?status=error', '/servers', '/servers/1', '/servers/new', '/servers/1/edit', '/schedules', '/schedules/1', '/schedules/1/edit', '/schedules/new', '/runs'];

for (const theme of ['light', 'dark']) {
  test(`no page breaks the policy (${theme})`, async () => {
    const visitor = await signIn(browser, { theme });
    const seen = await watched(visitor);
    const { page } = visitor;
    for (const path of PAGES) {
      const answer = await page.goto(origin + path);
      const policy = answer.headers()['content-security-policy'];
      assert.match(policy, /script-src 'nonce-[\w-]{22}' 'sha256-[\w+/]{43}=' 'strict-dynamic' 'wasm-unsafe-eval';/, path);
      if (path === '/') await live(page);
      await page.waitForTimeout(300);
      await sound(visitor, `${path} (${theme})`);
      assert.deepEqual(seen, [], path);
    }
    await page.goto(`${origin}/no-such-page`);
    assert.equal(await page.locator('h1').innerText(), 'There is nothing here');
    visitor.complaints.length = 0; // The browser reports the answer 404.
    await sound(visitor, 'a page that is not there');
    // A script without the nonce does not run, wherever it comes from.
    const ran = await page.evaluate(async () => {
      const div = document.createElement('div');
      div.innerHTML = '<img src="data:," onerror="window.ran = true">';
      document.body.append(div);
      await new Promise((done) => setTimeout(done, 300));
      return window.ran === true;
    });
    assert.equal(ran, false);
    assert.ok(seen.some((text) => text.startsWith('script-src')), 'the policy stood in the way');
    await visitor.context.close();
  });
}

test('hostile names and messages are shown and do nothing', async () => {
  const visitor = await signIn(browser);
  const seen = await watched(visitor);
  const { page } = visitor;
  await page.goto(`${origin}/servers`);
  const paths = ['/', '/servers', '/schedules', '/runs', '/logs', '/logs?status=error'];
  for (const [n, text] of HOSTILE.entries()) {
    const server = await post(page, '/api/v1/servers', { name: `${n} ${text} ${process.pid}`, host: '192.0.2.1', user: 'backup', region: text, account: text });
    assert.equal(server.status, 201, text);
    const schedule = await post(page, '/api/v1/schedules', { name: `${n} ${text} ${process.pid}`, server_id: server.body.id, kind: 'reported', command: { source_type: 'NAS' } });
    assert.equal(schedule.status, 201, text);
    const report = await post(page, '/api/v1/ingest/runs', { schedule: schedule.body.id, event: 'finish', exit_code: 1, message: text, detail: `${text}\n${text}` });
    assert.ok(report.status < 300, text);
    paths.push(`/servers/${server.body.id}`, `/servers/${server.body.id}/edit`, `/schedules/${schedule.body.id}`);
    paths.push(`/servers/${server.body.id}?said=${encodeURIComponent(text)}`, `/sign-in?next=${encodeURIComponent(text)}`);
  }
  for (const path of paths) {
    await page.goto(origin + path);
    await page.waitForTimeout(150);
    assert.deepEqual(seen, [], path);
    // Whole, and within the page: long words break.
    await page.setViewportSize({ width: 320, height: 640 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${path} scrolls sideways by ${wide} px`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  // They are there to be read, in the live feed too.
  await page.goto(`${origin}/`);
  await live(page);
  await post(page, '/api/v1/servers', { name: `<img src=x onerror=alert(2)> ${process.pid}`, host: '192.0.2.1', user: 'backup' });
  await page.getByText(`<img src=x onerror=alert(2)> ${process.pid}`).first().waitFor({ timeout: 30_000 });
  await page.goto(`${origin}/logs?status=error`);
  await page.locator('.log-table').getByText('<script>alert(1)</script>').first().waitFor();
  await page.locator('.log-table a', { hasText: '<svg/onload' }).first().click();
  await page.locator('dialog[open]').waitFor();
  assert.deepEqual(seen, []);
  assert.deepEqual(visitor.complaints, []);
  // Others find the demonstration as it was.
  const made = await page.evaluate(async () => (await (await fetch('/api/v1/servers')).json()).items.filter((server) => server.host === '192.0.2.1').map((server) => server.id));
  const schedules = await page.evaluate(async () => (await (await fetch('/api/v1/schedules')).json()).items);
  for (const schedule of schedules.filter((schedule) => made.includes(schedule.server_id))) await page.evaluate((id) => fetch(`/api/v1/schedules/${id}`, { method: 'DELETE' }), schedule.id);
  for (const id of made) await page.evaluate((id) => fetch(`/api/v1/servers/${id}`, { method: 'DELETE' }), id);
  await visitor.context.close();
});

test('signing out leaves nothing behind', async () => {
  const { page, context } = await signIn(browser);
  await page.goto(`${origin}/servers`);
  await page.evaluate(() => localStorage.setItem('left', 'behind'));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  assert.equal(await page.evaluate(() => localStorage.getItem('left')), null);
  assert.deepEqual((await context.cookies()).filter(({ name }) => name.includes('tailback')), []);
  await page.goBack();
  assert.match(page.url(), /sign-in|servers/);
  await context.close();
});
