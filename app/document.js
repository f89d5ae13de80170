// What documents do beyond plain HTML: keep regions current, count ages on, turn the theme, copy texts, grow lists. Everything
// here is a convenience; without it the same pages say and do the same.

const root = document.documentElement;
const label = (element, words) => element.setAttribute('aria-label', words);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The panel's clock as the browser carries it on.
let ahead = Number(root.dataset.now) - (Date.now() - performance.now());
const now = () => Date.now() + ahead;

/* Ages: the same words as the server's. */
const pad = (number) => String(number).padStart(2, '0');
const age = (s) => (s < 1 ? 'just now' : s < 60 ? `${s} s ago` : s < 3600 ? `${(s / 60) | 0} m ago` : s < 86400 ? `${(s / 3600) | 0} h ago` : `${(s / 86400) | 0} d ago`);
const span = (s) => {
  s = Math.max(0, s);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${(s / 60) | 0} m ${pad(s % 60)} s`;
  if (s < 86400) return `${(s / 3600) | 0} h ${pad(((s / 60) | 0) % 60)} m`;
  return `${(s / 86400) | 0} d ${pad(((s / 3600) | 0) % 24)} h`;
};
const say = (element, words) => element.textContent === words || (element.textContent = words);
function tick() {
  for (const time of all('[data-ago], [data-since]')) {
    const seconds = Math.floor((now() - Date.parse(time.dateTime)) / 1000);
    say(time, 'since' in time.dataset ? span(seconds) : age(seconds));
  }
  tell();
}

/* Regions marked data-refresh="seconds". */
let updated = Date.now();
let failed = '';
let held = 0;
const state = document.querySelector('[data-refresh-state]');
function tell() {
  if (!state) return;
  const seconds = Math.round((Date.now() - updated) / 1000);
  const words = failed ? `Last update ${seconds} s ago, ${failed}.` : held && seconds > 15 ? 'Updates wait while you are at work here.' : '';
  state.hidden = !words;
  // A figure that changes every second is not for those who listen.
  state.setAttribute('aria-live', failed && seconds % 30 ? 'off' : 'polite');
  say(state, words);
}
function busy(region) {
  const selection = getSelection();
  const selected = !selection.isCollapsed && region.contains(selection.anchorNode);
  const focused = document.activeElement !== document.body && region.contains(document.activeElement);
  return selected || focused || region.querySelector('details[open], dialog[open], :popover-open');
}
const seen = new WeakMap();
function replace(region, fresh) {
  const html = fresh.outerHTML;
  if (seen.get(region) !== html) {
    const tails = new Map(all('[data-tail]', region).map((tail) => [tail.id, tail]));
    for (const tail of all('[data-tail]', fresh)) {
      const before = tails.get(tail.id);
      const top = before && before.scrollTop + before.clientHeight < before.scrollHeight - 8 ? before.scrollTop : undefined;
      requestAnimationFrame(() => (tail.scrollTop = top ?? tail.scrollHeight));
    }
    region.replaceWith(fresh);
    seen.set(fresh, html);
  }
}
async function refresh() {
  const regions = all('[data-refresh]');
  if (document.hidden || regions.length === 0) return again();
  try {
    const answer = await fetch(location.href, { redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw answer.type === 'opaqueredirect' ? 'signed out' : `the panel answers ${answer.status}`;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    ahead = Number(page.documentElement.dataset.now) - Date.now();
    failed = '';
    held = 0;
    for (const region of regions) {
      const fresh = page.getElementById(region.id);
      if (!fresh) continue;
      if (busy(region)) held += 1;
      else replace(region, fresh);
    }
    if (!held) updated = Date.now();
  } catch (reason) {
    // What was thrown here is a text.
    failed = reason.at ? reason : 'cannot reach the panel';
  }
  tick();
  again();
}
function again() {
  const waits = all('[data-refresh]').map((region) => Number(region.dataset.refresh) || 5);
  if (waits.length) setTimeout(refresh, 1000 * Math.min(...waits) * (failed ? 2 : 1));
}
for (const tail of all('[data-tail]')) tail.scrollTop = tail.scrollHeight;
setInterval(tick, 1000);
again();

/* Theme. */
const themes = { system: 'light', light: 'dark', dark: 'system' };
function turnTheme(button) {
  const theme = themes[root.dataset.theme] ?? 'system';
  root.dataset.theme = theme;
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
  button.title = `Theme: ${theme}`;
  label(button, button.title);
}

function turnDensity(button) {
  const density = button.dataset.turnDensity;
  root.dataset.density = density;
  document.cookie = `density=${density}; Path=/; Max-Age=31536000; SameSite=Lax`;
  for (const one of all('[data-turn-density]')) one.ariaPressed = String(one === button);
}

/* Copying; where the clipboard is blocked (a page without https), selecting, so that one keystroke does. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const word = button.querySelector('[data-word]');
  const before = (word.dataset.word ||= word.textContent);
  try {
    await navigator.clipboard.writeText(source.textContent);
    say(word, 'Copied');
  } catch {
    source.hidden = false;
    getSelection().selectAllChildren(source);
    say(word, 'Selected: press Ctrl+C');
  }
  setTimeout(() => say(word, before), 3000);
}

/* Lists of fields. */
const items = (list) => all('.lines__item', list);
function name(list) {
  items(list).forEach((item, n) => {
    const input = item.querySelector('input');
    input.id = `${list.id}-${n}`;
    label(input, `${list.dataset.lines} ${n + 1}`);
    label(item.querySelector('button'), `Remove ${list.dataset.lines.toLowerCase()} ${n + 1}`);
  });
}
function addLine(list) {
  const last = items(list).at(-1);
  const item = last.cloneNode(true);
  const input = item.querySelector('input');
  input.value = '';
  input.removeAttribute('aria-invalid');
  input.removeAttribute('aria-describedby');
  item.querySelector('.field__problem')?.remove();
  last.after(item);
  name(list);
  input.focus();
}
function removeLine(button) {
  const list = button.closest('[data-lines]');
  const here = items(list);
  const n = here.indexOf(button.closest('.lines__item'));
  if (here.length > 1) here[n].remove();
  else here[n].querySelector('input').value = '';
  name(list);
  items(list)[Math.max(0, n - 1)].querySelector('input').focus();
}

addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const { turnTheme: theme, turnDensity: density, copy: source, addLine: add, removeLine: remove } = button.dataset;
  if (theme !== undefined) turnTheme(button);
  if (density !== undefined) turnDensity(button);
  if (source !== undefined) copy(button);
  if (remove !== undefined) removeLine(button);
  if (add !== undefined) {
    event.preventDefault();
    addLine(button.closest('[data-lines]'));
  }
});

/* A form that takes its time says so, and is not sent twice. */
addEventListener('submit', (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  if (button.ariaDisabled === 'true') return event.preventDefault();
  button.ariaDisabled = 'true';
  button.dataset.word = button.textContent;
  button.textContent = button.dataset.busy;
});
addEventListener('pageshow', () => {
  for (const button of all('button[data-busy][aria-disabled]')) {
    button.ariaDisabled = null;
    button.textContent = button.dataset.word;
  }
});

/* Where the panel cannot be reached, a page of its own says so. */
navigator.serviceWorker?.register('/sw.js').catch(() => {});
