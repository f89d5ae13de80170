#!/usr/bin/env node
// Keeps a development server running: rebuilds what changed and starts it again. Arguments go to `tailback serve`.
//
// Looks at modification times twice a second instead of asking the kernel: that works in containers and on shared folders too,
// and the few hundred files cost a millisecond or two.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.resolve(root, process.env.CARGO_TARGET_DIR || 'target');
const serverArguments = ['serve', '--data-dir', path.join(target, 'data'), ...process.argv.slice(2)];

const WATCHED = ['app', 'server', 'style', 'public', 'Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml'];
const LOOK_EVERY_MS = 500;
/** How long a server may take to finish what it is doing before it is killed. */
const STOP_WITHIN_MS = 10_000;

let server;
let step;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    killStep();
    await stopServer();
    process.exit(0);
  });
}

let built;
for (;;) {
  const now = newestState();
  if (now !== built) {
    built = now;
    await rebuild();
  }
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

/** After a failure the old server stays up, and the next change tries again. */
async function rebuild() {
  const start = Date.now();
  const steps = [
    [process.execPath, ['scripts/build-site.mjs', '--dev']],
    ['cargo', ['build', '-p', 'server', '--bin', 'tailback']],
  ];
  for (const [program, args] of steps) {
    if (!(await succeeds(program, args))) {
      say('failed; waiting for the next change');
      return;
    }
  }
  await stopServer();
  say(`built in ${((Date.now() - start) / 1000).toFixed(1)} s; starting the server`);
  server = spawn(path.join(target, 'debug/tailback'), serverArguments, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  server.once('error', (error) => say(`the server did not start: ${error.message}`));
  server.once('exit', (code, signal) => say(`the server ended with ${signal ?? `exit status ${code}`}`));
}

function succeeds(program, args) {
  return new Promise((resolve) => {
    // A group of its own, so that it can be ended together with the compilers it has started.
    step = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    step.once('error', (error) => {
      say(`${program}: ${error.message}`);
      resolve(false);
    });
    step.once('exit', (code) => {
      step = undefined;
      resolve(code === 0);
    });
  });
}

function killStep() {
  if (step?.pid) process.kill(-step.pid, 'SIGTERM');
}

function stopServer() {
  const stopping = server;
  server = undefined;
  if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return undefined;
  return new Promise((resolve) => {
    const timer = setTimeout(() => stopping.kill('SIGKILL'), STOP_WITHIN_MS);
    stopping.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    stopping.kill('SIGTERM');
  });
}

/** Names, sizes and times of all watched files as one text: it differs when anything was changed, added or removed. */
function newestState() {
  const found = [];
  const look = (file) => {
    let stat;
    try {
      stat = fs.statSync(file);
    } catch {
      return;
    }
    if (stat.isDirectory()) fs.readdirSync(file).forEach((name) => look(path.join(file, name)));
    else found.push(`${file} ${stat.size} ${stat.mtimeMs}`);
  };
  WATCHED.forEach((name) => look(path.join(root, name)));
  return found.join('\n');
}

function say(text) {
  console.log(`watch: ${text}`);
}
