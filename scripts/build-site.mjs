#!/usr/bin/env node
// Builds what the server embeds: <target>/site with the WebAssembly, its script, the styles and everything in public/.
//
//   node scripts/build-site.mjs          optimised for size; fails past the size budget
//   node scripts/build-site.mjs --dev    quick to build, for `make watch`
//
// Names in pkg/ carry a hash of their content, manifest.json says which they are, and a brotli copy (*.br) lies beside every file
// that shrinks. Nothing is done while the inputs are the same as last time.
//
// cargo-leptos would do most of this, but takes half an hour of CPU to install for parts that are not used here;
// [[workspace.metadata.leptos]] in Cargo.toml is for those who have it anyway.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.resolve(root, process.env.CARGO_TARGET_DIR || 'target');
const site = path.join(target, 'site');
const dev = process.argv.includes('--dev');

/** Everything that decides what the site looks like; Cargo.toml holds the profile. */
const INPUTS = [
  'app', 'style', 'public', 'Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', '.cargo/config.toml',
  'scripts/build-site.mjs', 'scripts/package-lock.json',
];

/** What the script and the WebAssembly may weigh together on the wire, in bytes. */
const BUDGET = 250_000;

/** What the script of documents may weigh. */
const DOCUMENT_BUDGET = 6_000;

/** Browsers of the last two years. Newer syntax than they know is rewritten, `light-dark()` and nesting are not. */
const BROWSERS = { chrome: [131], edge: [131], firefox: [133], safari: [18, 1], ios_saf: [18, 1] };

/** What those browsers and rustc's output agree on. */
const WASM_FEATURES = ['bulk-memory', 'bulk-memory-opt', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];

const WASM_OPT = ['-Oz', ...WASM_FEATURES.map((feature) => `--enable-${feature}`)];

const COMPRESSIBLE = new Set(['.css', '.html', '.ico', '.js', '.json', '.mjs', '.svg', '.ttf', '.txt', '.wasm', '.webmanifest', '.xml']);

main().catch((error) => {
  console.error(`site: ${error.message}`);
  process.exitCode = 1;
});

async function main() {
  const inputs = hashOfInputs();
  if (isUpToDate(inputs)) {
    console.log('site: up to date');
    return;
  }

  const next = freshDirectory();
  try {
    const css = await step('styles', bundleStyles);
    const compiled = await step(`cargo build for wasm32${dev ? '' : ', optimised'}`, compile);
    const bound = await step(`wasm-bindgen${dev ? '' : ' and wasm-opt'}`, () => bind(compiled));
    const manifest = {
      js: writeHashed(next, 'js', await minified(path.join(bound, 'tailback.js'))),
      wasm: writeHashed(next, 'wasm', fs.readFileSync(path.join(bound, 'tailback_bg.wasm'))),
      css: writeHashed(next, 'css', css),
      keys: writeHashed(next, 'keys.js', await minified('app/keys.js')),
      document: writeHashed(next, 'document.js', await minified('app/document.js', 'app/keys.js', 'app/logs.js')),
    };
    copySnippets(bound, next);
    copyPublic(next);
    fs.writeFileSync(path.join(next, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
    await step('brotli', () => compress(next));
    report(next, manifest);
    fs.writeFileSync(path.join(next, '.stamp'), stamp(inputs, dev));
    swapIn(next);
  } finally {
    fs.rmSync(next, { recursive: true, force: true });
  }
}

async function step(name, work) {
  console.log(`site: ${name} …`);
  const start = Date.now();
  const result = await work();
  console.log(`site: ${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (error?.code === 'ENOENT') throw new Error(`${program} is missing; scripts/setup.sh build installs it`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(program)} failed with ${signal ?? `exit status ${status}`}`);
}

/** Files below a folder as sorted relative paths; none where there is no folder. */
function filesBelow(folder, below = '') {
  const entries = fs.existsSync(folder) ? fs.readdirSync(path.join(folder, below), { withFileTypes: true }) : [];
  return entries
    .flatMap((entry) => {
      const name = path.join(below, entry.name);
      return entry.isDirectory() ? filesBelow(folder, name) : [name];
    })
    .sort();
}

function hashOfInputs() {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    const full = path.join(root, input);
    const files = fs.existsSync(full) && fs.statSync(full).isDirectory() ? filesBelow(full).map((file) => path.join(input, file)) : [input];
    for (const file of files) {
      const content = fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file)) : Buffer.alloc(0);
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

function stamp(inputs, isDev) {
  return `${isDev ? 'dev' : 'release'} ${inputs}\n`;
}

function isUpToDate(inputs) {
  try {
    const found = fs.readFileSync(path.join(site, '.stamp'), 'utf8');
    const manifest = JSON.parse(fs.readFileSync(path.join(site, 'manifest.json'), 'utf8'));
    // An optimised site is good enough for development too.
    const wanted = dev ? [stamp(inputs, true), stamp(inputs, false)] : [stamp(inputs, false)];
    return wanted.includes(found) && Object.values(manifest).every((url) => fs.existsSync(path.join(site, url)));
  } catch {
    return false;
  }
}

/** A new folder beside the site, named after this process; removes those of builds that were killed. */
function freshDirectory() {
  fs.mkdirSync(target, { recursive: true });
  for (const name of fs.readdirSync(target)) {
    const pid = /^site\.(?:new|old)-(\d+)$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) fs.rmSync(path.join(target, name), { recursive: true, force: true });
  }
  const next = path.join(target, `site.new-${process.pid}`);
  fs.rmSync(next, { recursive: true, force: true });
  fs.mkdirSync(path.join(next, 'pkg'), { recursive: true });
  return next;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Whoever reads the site finds the old one, the new one or, between two renames, none; never a part of one. */
function swapIn(next) {
  const old = path.join(target, `site.old-${process.pid}`);
  for (;;) {
    if (fs.existsSync(site)) fs.renameSync(site, old);
    try {
      fs.renameSync(next, site);
      break;
    } catch (error) {
      // Another build was quicker: what it left makes room in the next round.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      fs.rmSync(old, { recursive: true, force: true });
    }
  }
  fs.rmSync(old, { recursive: true, force: true });
}

async function bundleStyles() {
  const { bundle } = await import('lightningcss').catch(() => {
    throw new Error('the Node packages of scripts/ are missing; scripts/setup.sh build installs them');
  });
  const targets = Object.fromEntries(Object.entries(BROWSERS).map(([name, [major, minor = 0]]) => [name, (major << 16) | (minor << 8)]));
  try {
    return Buffer.from(bundle({ filename: path.join(root, 'style/main.css'), minify: !dev, targets }).code);
  } catch (error) {
    const at = error.loc ? `${path.relative(root, error.fileName)}:${error.loc.line}:${error.loc.column}: ` : '';
    throw new Error(`styles: ${at}${error.message}`);
  }
}

function compile() {
  const profile = dev ? 'dev' : 'wasm-release';
  // Panics name their source file: without this the home directory of whoever builds would be published, and change the hash.
  const cargoHome = process.env.CARGO_HOME || path.join(os.homedir(), '.cargo');
  const rustflags = [`--remap-path-prefix=${cargoHome}/registry/src=/registry`];
  // One crate type: with the rlib beside it nothing is optimised across crates.
  run('cargo', ['rustc', '--crate-type', 'cdylib', '-p', 'app', '--lib', '--target', 'wasm32-unknown-unknown', '--profile', profile, '--no-default-features', '--features', 'hydrate'], {
    env: { ...process.env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: rustflags.join(' ') },
  });
  return path.join(target, 'wasm32-unknown-unknown', dev ? 'debug' : 'wasm-release', 'app.wasm');
}

/** A folder with the script and the WebAssembly. It is kept: most changes to the inputs leave rustc's output as it was. */
function bind(compiled) {
  // The page says where the WebAssembly is, so the script needs no fallback with a name that would be wrong.
  const flags = ['--target', 'web', '--no-typescript', '--omit-default-module-path', '--out-name', 'tailback'];
  if (!dev) flags.push('--remove-name-section', '--remove-producers-section');
  const passes = dev ? [] : WASM_OPT;

  const cache = path.join(target, 'site-cache');
  const prefix = dev ? 'dev-' : 'release-';
  const kept = prefix + hashOf(fs.readFileSync(compiled), ...flags, ...passes);
  if (fs.existsSync(path.join(cache, kept))) return path.join(cache, kept);

  const work = path.join(cache, `new-${process.pid}`);
  const wasm = path.join(work, 'tailback_bg.wasm');
  const tools = path.join(target, 'tools/bin');
  run('wasm-bindgen', [compiled, ...flags, '--out-dir', work], { env: { ...process.env, PATH: `${tools}${path.delimiter}${process.env.PATH}` } });
  if (!dev) run(process.execPath, [path.join(root, 'scripts/node_modules/binaryen/bin/wasm-opt'), ...passes, wasm, '-o', wasm]);

  for (const old of fs.readdirSync(cache)) {
    if (old.startsWith(prefix)) fs.rmSync(path.join(cache, old), { recursive: true, force: true });
  }
  fs.renameSync(work, path.join(cache, kept));
  return path.join(cache, kept);
}

/** Scripts are written for readers: half of them is comments and long names. */
/** Scripts as one, in this order. */
async function minified(...scripts) {
  const source = scripts.map((script) => fs.readFileSync(path.resolve(root, script), 'utf8')).join('\n');
  if (dev) return source;
  const { minify } = await import('terser');
  return (await minify(source, { module: true, ecma: 2020 })).code;
}

function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Writes `pkg/tailback-<hash>.<extension>` and returns its URL. */
function writeHashed(folder, extension, content) {
  const url = `/pkg/tailback-${hashOf(content)}.${extension}`;
  fs.writeFileSync(path.join(folder, url), content);
  return url;
}

/** Scripts of libraries, which the main one imports by relative names that already carry a hash. */
function copySnippets(bound, folder) {
  const from = path.join(bound, 'snippets');
  if (fs.existsSync(from)) fs.cpSync(from, path.join(folder, 'pkg/snippets'), { recursive: true });
}

function copyPublic(folder) {
  const from = path.join(root, 'public');
  if (fs.existsSync(from)) fs.cpSync(from, folder, { recursive: true });
}

function compress(folder) {
  for (const file of filesBelow(folder)) {
    if (!COMPRESSIBLE.has(path.extname(file)) || file === 'manifest.json') continue;
    const content = fs.readFileSync(path.join(folder, file));
    const compressed = brotliCompressSync(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: dev ? 4 : 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
    });
    if (compressed.length < content.length) fs.writeFileSync(path.join(folder, `${file}.br`), compressed);
  }
}

/** Prints what the site weighs. Throws when the optimised script and WebAssembly are over the budget. */
function report(folder, manifest) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  const onTheWire = {};
  for (const [kind, url] of Object.entries(manifest)) {
    const file = path.join(folder, url);
    const raw = fs.statSync(file).size;
    onTheWire[kind] = fs.existsSync(`${file}.br`) ? fs.statSync(`${file}.br`).size : raw;
    console.log(`site: ${kind.padEnd(8)} ${kilobytes(raw).padStart(10)}, brotli ${kilobytes(onTheWire[kind]).padStart(9)}  ${url}`);
  }
  if (!dev && onTheWire.document > DOCUMENT_BUDGET) {
    throw new Error(`the script of documents is ${kilobytes(onTheWire.document)} compressed, the budget is ${kilobytes(DOCUMENT_BUDGET)}`);
  }
  const total = onTheWire.js + onTheWire.wasm;
  if (!dev && total > BUDGET) {
    throw new Error(`script and WebAssembly are ${kilobytes(total)} compressed, the budget is ${kilobytes(BUDGET)}`);
  }
}
