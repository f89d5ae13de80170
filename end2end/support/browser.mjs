// A browser that has signed in, and that remembers everything its console complained about.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const SIZES = {
  desk: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
};

const link = process.env.TAILBACK_LINK;
export const origin = new URL(link).origin;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Debian's path; another one may be named. --no-sandbox: tests often run as root in a container.
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** What the browser is made to say where there is to be no service worker. */
const NO_WORKER = /^Service Worker registration blocked/;

export async function launch() {
  return chromium.launch({ executablePath, args: quiet });
}

/**
 * Signs in through the link, at another address of the panel if told to, and gives a page at the Monitor. A service worker that takes a
 * page over while a test begins to intercept what the page asks for would let it ask past the test; `worker`: it is what is tested.
 */
export async function signIn(browser, { size = 'desk', scripts = true, theme = 'light', through = origin, worker = false } = {}) {
  const phone = size === 'phone';
  const serviceWorkers = worker ? 'allow' : 'block';
  const context = await browser.newContext({ viewport: SIZES[size], javaScriptEnabled: scripts, colorScheme: theme, hasTouch: phone, isMobile: phone, serviceWorkers });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !NO_WORKER.test(message.text()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const { pathname, search } = new URL(link);
  const answer = await page.goto(through + pathname + search);
  assert.ok(answer.ok(), `signing in is answered with ${answer.status()}`);
  return { page, context, complaints };
}

/** Waits until the page answers to scripts and the stream is there. */
export async function live(page) {
  await page.waitForSelector('.connection[data-state="live"]', { timeout: 30_000 });
}

/** Nothing on the console, no finding of axe, no horizontal scrolling. */
export async function sound({ page, complaints }, what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what} scrolls sideways by ${wide} px`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const findings = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  assert.deepEqual(findings, [], `axe on ${what}`);
  assert.deepEqual(complaints, [], `console on ${what}`);
}
