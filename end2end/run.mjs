// Starts the demonstration, runs the tests against it, stops it as Ctrl-C does and looks at what it leaves.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.env.CARGO_TARGET_DIR ?? join(here, '../target'));
const binary = process.env.END2END_BINARY ?? join(target, 'debug/tailback');

const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 40_000;

let errors = '';
let output = '';
// A group of its own: Ctrl-C at a terminal must reach the demonstration once, from here.
const demo = spawn(binary, ['demo', '--bind', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
demo.stderr.on('data', (chunk) => (errors += chunk));
demo.stdout.on('data', (chunk) => (output += chunk));
const ended = new Promise((done) => demo.on('exit', (code, signal) => done(code ?? signal)));
const stop = () => demo.kill('SIGINT');
process.on('SIGINT', stop);
process.on('exit', () => demo.exitCode === null && demo.kill('SIGKILL'));

const within = (milliseconds, what, promise) =>
  Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds / 1000} s`)), milliseconds).unref())]);

async function link() {
  for (;;) {
    const found = output.match(/^Open\s+(\S+)/m);
    if (found) return found[1];
    if (demo.exitCode !== null) throw new Error('the demonstration has ended');
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Files, mounts and processes of the demonstration that are still there. */
function leftBehind() {
  const dir = output.match(/^Until then its files are in (\S+)$/m)?.[1];
  if (!dir) return ['the demonstration did not say where its files are'];
  const left = existsSync(dir) ? [`${dir} was left behind`] : [];
  if (readFileSync('/proc/mounts', 'utf8').includes(dir)) left.push(`a mount in ${dir} was left behind`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const said = [() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), () => readlinkSync(`/proc/${pid}/cwd`)].map(quietly);
    if (said.some((text) => text.includes(dir))) left.push(`process ${pid} was left behind: ${said[0]}`);
  }
  return left;
}

/** A process may end while it is looked at. */
function quietly(read) {
  try {
    return read();
  } catch {
    return '';
  }
}

let code = 1;
try {
  const url = await within(START_WITHIN_MS, 'starting the demonstration', link());
  const files = readdirSync(join(here, 'tests')).map((name) => join(here, 'tests', name));
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=2', ...files], { stdio: 'inherit', env: { ...process.env, TAILBACK_LINK: url } });
  code = await new Promise((done) => tests.on('exit', (status) => done(status ?? 1)));
  stop();
  const left = await within(STOP_WITHIN_MS, 'stopping the demonstration', ended);
  const complaints = [];
  if (left !== 0) complaints.push(`the demonstration ended with ${left}`);
  if (/panicked at/.test(errors)) complaints.push('the server panicked');
  complaints.push(...leftBehind());
  if (complaints.length > 0) throw new Error(complaints.join('; '));
} catch (error) {
  console.error(`end2end: ${error.message}`);
  code ||= 1;
}
if (code !== 0) console.error(`end2end: what the demonstration said:\n${output}${errors.slice(-8000)}`);
process.exit(code);
