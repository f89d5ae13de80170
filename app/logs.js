// What Logs does beyond plain HTML: older rows and messages in place, keys, the histogram under a pointer. Put behind document.js;
// everything leads to URLs that the server answers by itself.

const logs = document.querySelector('[data-filter]');

/** A page of the panel, read in the background. */
async function pageAt(href, signal) {
  const soon = AbortSignal.timeout(20000);
  const answer = await fetch(href, { redirect: 'manual', cache: 'no-store', signal: signal ? AbortSignal.any([signal, soon]) : soon });
  // Busy, or starting again: whoever asked says so, and tries again.
  if (answer.status === 429 || answer.status >= 500) throw new Error(`the panel answers ${answer.status}`);
  // Signed out, or worse: the browser goes there and shows it.
  if (!answer.ok) throw (location.href = href);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/* The filter: empty fields stay out of the URL, choices apply at once; dates, words, and keys that move through a list wait for Enter. */
logs?.addEventListener('formdata', ({ formData }) => {
  for (const name of new Set(formData.keys())) {
    const values = formData.getAll(name).filter((value) => value !== '');
    formData.delete(name);
    // A day that was chosen takes the place of the moment before it.
    const kept = name === 'from' || name === 'to' ? values.slice(-1) : values;
    if (kept.length) formData.set(name, kept.join(','));
  }
  // Nothing at all would open the view one has chosen to open with.
  if (![...formData.keys()].length) formData.set('status', '');
});
let moving = false;
logs?.addEventListener('keydown', ({ target, key }) => {
  if (!target.matches('select')) return;
  if (moving && key === 'Enter') apply(target);
  moving = key !== 'Enter';
});
logs?.addEventListener('pointerdown', () => (moving = false));
logs?.addEventListener('change', ({ target }) => {
  const waits = ['date', 'search'].includes(target.type) || (moving && target.matches('select'));
  if (!waits) apply(target);
});

/* The page that comes puts who works by keys where they were, and shows the fold as it was. After a click the focus would only take the
   keys of the list. */
const PLACE = 'logs-filter-place';
const fold = () => logs.querySelector('details');
function apply(control) {
  const { name, type, value } = control;
  const field = control.matches(':focus-visible') ? `[name="${name}"]${type === 'checkbox' ? `[value="${CSS.escape(value)}"]` : ''}` : '';
  sessionStorage.setItem(PLACE, JSON.stringify({ field, open: fold().open }));
  logs.requestSubmit();
}
const place = JSON.parse(sessionStorage.getItem(PLACE));
sessionStorage.removeItem(PLACE);
if (logs && place) {
  if (place.open) fold().open = true;
  if (place.field) logs.querySelector(place.field)?.focus();
}

/* What takes its time says so: the rows are not those that were asked for any more. */
const shownCount = document.querySelector('.log-count');
let stood;
function showWaiting() {
  clearTimeout(showWaiting.soon);
  showWaiting.soon = setTimeout(() => {
    stood ??= shownCount?.innerHTML;
    document.querySelector('main').ariaBusy = 'true';
    if (shownCount) say(shownCount, 'Looking …');
  }, 200);
}
if (logs) {
  addEventListener('submit', ({ target, defaultPrevented }) => !defaultPrevented && target === logs && showWaiting());
  addEventListener('click', (event) => {
    const leads = event.target.closest?.('main a[href^="/logs?"]') && !event.button && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    // What is done in place is known once everybody has heard of it.
    if (leads) setTimeout(() => event.defaultPrevented || showWaiting());
  });
  // As it was before, for who comes back or stays.
  addEventListener('pageshow', () => {
    clearTimeout(showWaiting.soon);
    document.querySelector('main').ariaBusy = null;
    if (stood !== undefined) shownCount.innerHTML = stood;
    stood = undefined;
  });
}

/* Older rows, in place. */
const MOST_ROWS = 2000;
const rowsOf = (page) => page.querySelector('[data-rows]');
let growing;
const grow = () =>
  (growing ??= more().finally(() => {
    growing = undefined;
    near();
  }));
async function more() {
  const link = document.querySelector('[data-older]');
  if (!link || rowsOf(document).children.length >= MOST_ROWS) return false;
  link.ariaBusy = 'true';
  say(link.querySelector('[data-word]'), 'Loading older rows');
  try {
    const page = await pageAt(link.href);
    const fresh = rowsOf(page);
    if (fresh) rowsOf(document).append(...fresh.children);
    const foot = page.querySelector('[data-foot]');
    document.querySelector('[data-foot]').replaceWith(foot ?? '');
    return true;
  } catch {
    link.ariaBusy = null;
    link.dataset.failed = '';
    say(link.querySelector('[data-word]'), 'The panel did not answer: try again');
    return false;
  }
}
const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && grow(), { rootMargin: '100% 0px' });
function near() {
  watcher.disconnect();
  const link = document.querySelector('[data-older]:not([data-failed])');
  if (link) watcher.observe(link);
}
if (logs) near();

/* Who comes back is where they were. The browser would look for the place in a page that begins with its first rows only. */
const PLACES = 'logs-places';
const MOST_PLACES = 20;
const visit = () => `${window.navigation?.currentEntry?.key ?? ''} ${location.href}`;
const placesKept = () => JSON.parse(sessionStorage.getItem(PLACES)) ?? [];
const entryOf = (row) => Number(row.querySelector('.log-table__open').dataset.entry);
/** The place that is looked for; it is kept if the reader goes before it is found. */
let sought;
addEventListener('pagehide', () => {
  if (!logs || sought) return;
  const row = all('.log-table__row').find((one) => one.getBoundingClientRect().bottom > 0);
  const kept = placesKept().filter((one) => one.visit !== visit());
  // At the top one wants to see what is new.
  if (row?.previousElementSibling) kept.push({ visit: visit(), entry: entryOf(row), top: row.getBoundingClientRect().top });
  try {
    sessionStorage.setItem(PLACES, JSON.stringify(kept.slice(-MOST_PLACES)));
  } catch {
    // No room: better no place than a wrong one.
    sessionStorage.removeItem(PLACES);
  }
});
function seekNoMore() {
  if (!sought) return;
  sought = undefined;
  history.scrollRestoration = 'auto';
}
async function comeBack() {
  sought = placesKept().find((one) => one.visit === visit());
  if (!sought) return;
  history.scrollRestoration = 'manual';
  // The row, or the one below it if it was cleared.
  const row = () => all('.log-table__row').find((one) => entryOf(one) <= sought.entry);
  const show = () => row() && scrollBy({ top: row().getBoundingClientRect().top - sought.top, behavior: 'instant' });
  const isAtEnd = () => scrollY + innerHeight > root.scrollHeight - 2;
  do show();
  while (sought && (!row() || isAtEnd()) && (await grow()) && sought);
  // Until then the browser looks for its own place.
  if (document.readyState !== 'complete') await new Promise((done) => addEventListener('load', () => setTimeout(done), { once: true }));
  if (!sought || !row()) return;
  show();
  seekNoMore();
}
if (logs && ['back_forward', 'reload'].includes(performance.getEntriesByType('navigation')[0]?.type)) comeBack();
// The reader scrolls, or does something else.
for (const does of ['wheel', 'touchmove', 'pointerdown']) addEventListener(does, seekNoMore, { passive: true });
addEventListener('keydown', ({ key }) => /^(Arrow|Page|Home|End| |[jk]$)/.test(key) && seekNoMore());

/* Messages: the dialog of the page that the link leads to, put over this one. */
const opened = () => document.querySelector('dialog.message-log');
function modal(dialog) {
  if (!dialog || dialog.matches(':modal')) return;
  dialog.close();
  dialog.showModal();
  for (const text of all('[data-absolute]', dialog)) text.textContent = new URL(text.textContent, location.href).href;
  point(dialog);
}
/** The ways to the rows above and below follow the rows that are on the page now. */
function point(dialog) {
  const rows = all('.log-table__open');
  const here = rows.findIndex((row) => row.dataset.entry === dialog.dataset.entry);
  for (const way of all('[data-step]', dialog)) {
    const to = here < 0 ? undefined : rows[here + Number(way.dataset.step)];
    if (to) {
      way.href = fromHere(to.href);
      way.removeAttribute('role');
      way.ariaDisabled = null;
    }
  }
}
/** The message that is on its way. Only the one that was asked for last is shown. */
let coming;
function leave() {
  coming?.abort.abort();
  coming = undefined;
  wait();
}
/** What a message is waited for at: its row and, from message to message, the dialog. An answer that comes soon shows nothing. */
const SOON_MILLIS = 150;
let waiting;
function wait(entry) {
  clearTimeout(waiting);
  for (const busy of all('.log-table__open[aria-busy], dialog.message-log[aria-busy]')) busy.ariaBusy = null;
  if (!entry) return;
  waiting = setTimeout(() => {
    for (const at of [document.querySelector(`.log-table__open[data-entry="${CSS.escape(entry)}"]`), opened()]) if (at) at.ariaBusy = 'true';
  }, SOON_MILLIS);
}
async function open(href, how) {
  leave();
  const mine = { entry: new URL(href, location.href).searchParams.get('entry'), abort: new AbortController() };
  coming = mine;
  wait(mine.entry);
  try {
    const page = await pageAt(href, mine.abort.signal);
    if (coming !== mine) return;
    const dialog = page.querySelector('dialog.message-log');
    if (!dialog) return (location.href = href);
    opened()?.remove();
    document.querySelector('main').append(dialog);
    if (how) history[how]({ over: how === 'pushState' || history.state?.over }, '', href);
    modal(dialog);
  } catch {
    // What cannot be had in the background the browser goes to, and says why not.
    if (coming === mine) location.href = href;
  } finally {
    if (coming === mine) leave();
  }
}
/** A second step goes on from the message that is on its way. */
function step(way) {
  if (!coming) return way.href && open(way.href, 'replaceState');
  const rows = all('.log-table__open');
  const here = rows.findIndex((row) => row.dataset.entry === coming.entry);
  const to = here < 0 ? undefined : rows[here + Number(way.dataset.step)];
  if (to) open(fromHere(to.href), 'replaceState');
}
/** Whether the reader came to this message from another page, such as Monitor. */
function isFromElsewhere() {
  if (!document.referrer || history.length < 2) return false;
  const { origin, pathname } = new URL(document.referrer);
  return origin === location.origin && !['/logs', '/sign-in'].includes(pathname);
}
/** The address of a message over the page as it is: a row that was loaded in place knows only the page that it came with. */
function fromHere(href) {
  const url = new URL(href);
  const before = new URLSearchParams(location.search).get('before');
  before ? url.searchParams.set('before', before) : url.searchParams.delete('before');
  return url.href;
}
function shut() {
  const dialog = opened();
  if (!dialog) return;
  if (history.state?.over || isFromElsewhere()) return history.back();
  history.replaceState(null, '', dialog.querySelector('[data-close]').href);
  gone();
}
function gone() {
  leave();
  const dialog = opened();
  if (!dialog) return;
  dialog.remove();
  document.querySelector(`.log-table__open[data-entry="${dialog.dataset.entry}"]`)?.focus();
}
addEventListener('popstate', () => {
  if (!logs) return;
  if (new URLSearchParams(location.search).has('entry')) open(location.href);
  else gone();
});
addEventListener('cancel', (event) => {
  if (event.target === opened()) {
    event.preventDefault();
    shut();
  }
}, true);
modal(opened());

addEventListener('click', (event) => {
  if (!logs || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
  if (event.target === opened()) return shut();
  const way = event.target.closest('a');
  const act = !way ? undefined
    : way.matches('.log-table__open') ? () => open(fromHere(way.href), 'pushState')
    : way.matches('[data-step]') ? () => step(way)
    : way.matches('[data-close]') ? shut
    : way.matches('[data-older]') && rowsOf(document).children.length < MOST_ROWS ? grow
    : undefined;
  if (!act) return;
  event.preventDefault();
  act();
});

/* Copying a row: in its message by the buttons there, in the list with words and, where the clipboard is blocked, a field of its own. */
const copied = document.querySelector('[data-copied]');
let fading;
async function copyRow(what, text) {
  const field = copied.querySelector('input');
  const tell = (words) => say(copied.querySelector('[data-word]'), words);
  copied.hidden = false;
  field.hidden = true;
  clearTimeout(fading);
  try {
    if (!text) return tell('Choose an entry first: j and k do');
    await navigator.clipboard.writeText(text);
    tell(`${what} copied`);
  } catch {
    const back = document.activeElement;
    field.value = text;
    field.hidden = false;
    tell(`${what}: press Ctrl+C`);
    field.select();
    // It stays until it is left; the reader is where they were then.
    field.onkeydown = ({ key }) => key === 'Escape' && back?.focus();
    field.onblur = () => (copied.hidden = true);
    return;
  } finally {
    if (field.hidden) fading = setTimeout(() => (copied.hidden = true), 3000);
  }
}
const rowInFocus = () => document.activeElement.closest?.('.log-table__row');
function copyLine() {
  const row = rowInFocus();
  const button = opened()?.querySelector('[data-copy="entry-line"]');
  button ? button.click() : copyRow('Line', row && `${row.dataset.line} ${row.querySelector('.log-table__text').textContent}`);
}
function copyPermalink() {
  const entry = rowInFocus()?.querySelector('.log-table__open').dataset.entry;
  const button = opened()?.querySelector('[data-copy="entry-link"]');
  button ? button.click() : copyRow('Permalink', entry && new URL(`/logs?entry=${entry}`, location.href).href);
}

/* Keys: those of the list are in keys.js. */
const neighbour = (by) => opened()?.querySelector(`[data-step="${by}"]`).click();
const keys = {
  j: () => neighbour(1),
  k: () => neighbour(-1),
  c: copyLine,
  C: copyPermalink,
  x: () => (location.href = '/logs?status='),
};
addEventListener('keydown', (event) => {
  const typed = event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select, textarea');
  if (!logs || typed || document.documentElement.hasAttribute('data-keys-off')) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

/* The histogram: drag over bars, or choose them with Shift and the arrows, then Enter. */
const figure = document.querySelector('[data-histogram]');
if (figure) {
  const svg = figure.querySelector('svg');
  const chosen = figure.querySelector('[data-chosen]');
  const edges = [...figure.dataset.edges.split(' ').map(Number), Number(figure.dataset.until)];
  const bars = all('[data-bar]', figure);
  let from;
  let to;
  const mark = () => {
    const [a, b] = [Math.min(from, to), Math.max(from, to)];
    chosen.setAttribute('x', a);
    chosen.setAttribute('width', b - a + 1);
  };
  const zoom = () => {
    const url = new URL(figure.dataset.base, location.href);
    const moment = (at) => new Date(at).toISOString();
    url.searchParams.set('from', moment(edges[Math.min(from, to)]));
    url.searchParams.set('to', moment(Math.min(edges[Math.max(from, to) + 1], edges.at(-1)) - 1));
    location.href = url;
  };
  const placeOf = (event) => {
    const box = svg.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * (edges.length - 1));
    return Math.min(edges.length - 2, Math.max(0, place));
  };
  const forget = () => {
    from = to = undefined;
    chosen.setAttribute('width', 0);
  };
  svg.addEventListener('pointerdown', (event) => {
    // A bar is a link: another tab or window is the browser's to open.
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return forget();
    from = to = placeOf(event);
    svg.setPointerCapture(event.pointerId);
    mark();
  });
  svg.addEventListener('pointermove', (event) => {
    if (!svg.hasPointerCapture(event.pointerId)) return;
    to = placeOf(event);
    mark();
  });
  svg.addEventListener('pointerup', (event) => svg.hasPointerCapture(event.pointerId) && zoom());
  // A finger that moves up or down scrolls the page, and chooses nothing.
  svg.addEventListener('pointercancel', forget);
  // Links are not dragged away, and what a drag has chosen is not what is under its end.
  svg.addEventListener('dragstart', (event) => event.preventDefault());
  svg.addEventListener('click', (event) => event.detail && from !== undefined && event.preventDefault());
  svg.addEventListener('keydown', (event) => {
    const here = bars.indexOf(event.target.closest('[data-bar]'));
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && bars[here + by]) {
      event.preventDefault();
      const next = bars[here + by];
      if (event.shiftKey) {
        from ??= Number(bars[here].dataset.bar);
        to = Number(next.dataset.bar);
        mark();
      } else {
        forget();
      }
      next.focus();
    }
    if (event.key === 'Enter' && from !== undefined && from !== to) {
      event.preventDefault();
      zoom();
    }
    if (event.key === 'Escape') forget();
  });
}
