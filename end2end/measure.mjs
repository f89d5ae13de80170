// What Monitor costs a browser: `node measure.mjs [minutes]`, with END2END_BINARY for a binary other than the optimised one.
// A panel of its own commits 200 rows a second; every one of them must come to the page.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.env.CARGO_TARGET_DIR ?? join(here, '../target'));
const binary = process.env.END2END_BINARY ?? join(target, 'release/tailback');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const minutes = Number(process.argv[2] ?? 10);
const RATE = 200;
/** Rows that the feed keeps: memory is compared between two moments at which it is full. */
const FULL = 2_500;

const panel = spawn(binary, ['bench', '--act-as', 'panel'], { stdio: ['pipe', 'pipe', 'ignore'] });
process.on('exit', () => panel.kill('SIGKILL'));
const lines = createInterface({ input: panel.stdout })[Symbol.asyncIterator]();
// The panel's log goes to the same place as its answers, which are the lines that are JSON.
const answer = async () => {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('the panel has ended');
    if (/^[[{]/.test(value)) return JSON.parse(value);
  }
};
const perform = async (rows) => {
  panel.stdin.write(`${RATE} ${Math.ceil(rows / RATE)}\n`);
  return answer();
};

const { port, link } = await answer();
const origin = `http://127.0.0.1:${port}`;
const profile = mkdtempSync(join(tmpdir(), 'tailback-measure-'));
const debugging = await new Promise((found) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  viewport: { width: 1280, height: 800 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', `--remote-debugging-port=${debugging}`, '--enable-precise-memory-info'],
});
try {
  const page = await context.newPage();
  const heard = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const frame = JSON.parse(payload);
      if (frame.kind === 'rows') heard.push(...frame.rows.map((row) => row.id));
    }),
  );
  await page.goto(`${origin}${link}`);
  await soak(page, heard);
  await phone(page);
  await lighthouse();
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
  panel.stdin.end();
}

async function live(page) {
  await page.waitForSelector('.connection[data-state="live"]', { timeout: 60_000 });
}

/** Rows for minutes: whether each came once and in order, how many were drawn, how the heap grew, whether the page ever stood still. */
async function soak(page, heard) {
  await live(page);
  await page.evaluate(() => {
    const seen = new Set();
    const note = (root) => {
      for (const row of root.matchAll(/ #(\d+)/g)) seen.add(Number(row[1]));
    };
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) note(node.textContent ?? '');
    }).observe(document.querySelector('.log-table--feed'), { childList: true, subtree: true });
    const long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({ type: 'longtask' });
    Object.assign(window, { measured: { seen, long } });
  });
  const yardstick = await bare();
  const devtools = await context.newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize;
  };
  const ids = (await perform(FULL)).map(([id]) => id);
  await page.waitForTimeout(2_000);
  const before = await heap();
  // Collecting garbage by command is a long task of its own: what is counted begins after the first and ends before the second.
  await page.waitForTimeout(1_000);
  const began = await page.evaluate(() => {
    window.measured.long.length = 0;
    return performance.now();
  });
  ids.push(...(await perform(minutes * 60 * RATE)).map(([id]) => id));
  await page.waitForTimeout(2_000);
  const { seen, long } = await page.evaluate(() => ({ seen: [...window.measured.seen], long: window.measured.long }));
  const after = await heap();
  const sent = new Set(ids);
  const came = heard.filter((id) => sent.has(id));
  const once = new Set(came).size;
  const ordered = came.every((id, n) => n === 0 || id > came[n - 1]);
  console.log(`Monitor, ${RATE} rows/s for ${minutes} minutes:`);
  console.log(`  ${ids.length} rows committed; ${ids.length - once} lost, ${came.length - once} doubled, ${ordered ? 'in order' : 'OUT OF ORDER'}; ${seen.length} drawn as they came`);
  console.log(`  heap ${(before / 2 ** 20).toFixed(1)} MiB with a full feed, ${((after - before) / 2 ** 20).toFixed(1)} MiB more at the end`);
  const slow = long.filter(({ duration }) => duration > 100);
  const told = slow.map(({ startTime, duration }) => `${duration.toFixed(0)} ms after ${((startTime - began) / 1000).toFixed(0)} s`);
  console.log(`  ${slow.length} tasks longer than 100 ms${slow.length > 0 ? `: ${told.join(', ')}` : ''}; the longest of all ${Math.max(0, ...long.map(({ duration }) => duration)).toFixed(0)} ms`);
  const stalls = await yardstick.evaluate(() => window.stalls);
  console.log(`  yardstick: an empty page that works for 20 ms ten times a second had ${stalls.length} that took longer than 100 ms, the longest ${Math.max(0, ...stalls).toFixed(0)} ms`);
  await yardstick.close();
}

/** An empty page that works now and then: what takes it long is the machine's doing. */
async function bare() {
  const page = await context.newPage();
  await page.goto('about:blank');
  await page.evaluate(() => {
    window.stalls = [];
    setInterval(() => {
      const begun = performance.now();
      while (performance.now() - begun < 20);
      const took = performance.now() - begun;
      if (took > 100) window.stalls.push(took);
    }, 100);
  });
  return page;
}

/** A phone's processor, as Lighthouse means it: a quarter of this one. */
async function phone(page) {
  const devtools = await context.newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.setViewportSize({ width: 390, height: 844 });
  const times = [];
  for (let n = 0; n < 5; n += 1) {
    await devtools.send('Network.clearBrowserCache');
    await page.goto('about:blank');
    const began = performance.now();
    const gone = page.goto(`${origin}/`, { waitUntil: 'commit' });
    await page.waitForSelector('.log-table--feed .log-table__row', { timeout: 60_000 });
    const row = performance.now() - began;
    await live(page);
    times.push({ row, live: performance.now() - began });
    await gone;
  }
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await page.setViewportSize({ width: 1280, height: 800 });
  const middle = (what) => times.map((time) => time[what]).sort((a, b) => a - b)[2].toFixed(0);
  console.log(`Monitor with a quarter of the processor, nothing cached, the middle of ${times.length}: first row after ${middle('row')} ms, live after ${middle('live')} ms`);
}

async function lighthouse() {
  let run;
  try {
    run = (await import(process.env.LIGHTHOUSE ?? 'lighthouse')).default;
  } catch {
    console.log('Lighthouse is not installed (npm install --no-save lighthouse): left out.');
    return;
  }
  for (const path of ['/', '/logs']) {
    const { lhr } = await run(`${origin}${path}`, { port: debugging, disableStorageReset: true, logLevel: 'error' });
    const scores = Object.values(lhr.categories).map(({ title, score }) => `${title.toLowerCase()} ${Math.round(score * 100)}`);
    console.log(`Lighthouse (mobile) ${path}: ${scores.join(', ')}`);
    for (const audit of Object.values(lhr.audits)) {
      if (process.env.VERBOSE && audit.score !== null && audit.score < 0.9) console.log(`  ${audit.id}: ${audit.displayValue ?? audit.title}`);
    }
  }
}
