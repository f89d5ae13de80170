// Someone watches backups arrive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, live, signIn, sound } from '../support/browser.mjs';

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
    const ends = page.locator('.log-table--feed .log-table__row[data-status="completed"]', { hasText: SCHEDULE });
    const seen = [];
    // A run that is under way already does not count, nor one that found nothing new to copy.
    for (let round = 0; round < 4 && (seen.at(-1) ?? 0) < 3; round += 1) {
      await card.waitFor({ state: 'detached', timeout: A_MINUTE_AND_MORE });
      const endsBefore = await ends.count();
      await card.waitFor({ timeout: A_MINUTE_AND_MORE });
      seen.push(await percentsUntilGone(page, card));
      await page.waitForFunction(
        ([name, count]) => [...document.querySelectorAll('.log-table--feed .log-table__row[data-status="completed"]')].filter((row) => row.textContent.includes(name)).length > count,
        [SCHEDULE, endsBefore],
      );
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
    new MutationObserver((records) => {
      for (const row of records.flatMap((record) => [...record.addedNodes])) {
        const moment = row.querySelector?.('time')?.dateTime;
        if (row.matches?.('.log-table__row') && Date.parse(moment) >= from) window.arrivals.push({ text: row.textContent, late: Date.now() - Date.parse(moment) });
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

test('after a break of the line no row is missing and none is doubled', async () => {
  const visitor = await signIn(browser);
  const { page, context } = visitor;
  await live(page);
  await context.setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event('offline')));
  await page.waitForTimeout(8_000);
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
