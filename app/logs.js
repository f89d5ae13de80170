// What Logs does beyond plain HTML: older rows and messages in place, keys, the histogram under a pointer. Put behind document.js;
// everything leads to URLs that the server answers by itself.

const logs = document.querySelector('[data-filter]');

/** A page of the panel, read in the background. */
async function pageAt(href) {
  const answer = await fetch(href, { redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(20000) });
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
  if (moving && key === 'Enter') logs.requestSubmit();
  moving = key !== 'Enter';
});
logs?.addEventListener('pointerdown', () => (moving = false));
logs?.addEventListener('change', ({ target }) => {
  const waits = ['date', 'search'].includes(target.type) || (moving && target.matches('select'));
  if (!waits) logs.requestSubmit();
});

/* Older rows, in place. */
const MOST_ROWS = 2000;
const rowsOf = (page) => page.querySelector('[data-rows]');
let growing = false;
async function grow() {
  const link = document.querySelector('[data-older]');
  if (!link || growing || rowsOf(document).children.length >= MOST_ROWS) return false;
  growing = true;
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
  } finally {
    growing = false;
    near();
  }
}
const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && grow(), { rootMargin: '100% 0px' });
function near() {
  watcher.disconnect();
  const link = document.querySelector('[data-older]:not([data-failed])');
  if (link) watcher.observe(link);
}
if (logs) near();

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
      way.href = to.href;
      way.removeAttribute('role');
      way.ariaDisabled = null;
    }
  }
}
async function open(href, how) {
  const page = await pageAt(href);
  const dialog = page.querySelector('dialog.message-log');
  if (!dialog) return (location.href = href);
  opened()?.remove();
  document.querySelector('main').append(dialog);
  if (how) history[how]({ over: how === 'pushState' || history.state?.over }, '', href);
  modal(dialog);
}
function shut() {
  const dialog = opened();
  if (!dialog) return;
  if (history.state?.over) return history.back();
  history.replaceState(null, '', dialog.querySelector('[data-close]').href);
  gone();
}
function gone() {
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
    : way.matches('.log-table__open') ? () => open(way.href, 'pushState')
    : way.matches('[data-step]') ? () => way.href && open(way.href, 'replaceState')
    : way.matches('[data-close]') ? shut
    : way.matches('[data-older]') && rowsOf(document).children.length < MOST_ROWS ? grow
    : undefined;
  if (!act) return;
  event.preventDefault();
  // What cannot be had in the background the browser goes to, and says why not.
  Promise.resolve(act()).catch(() => (location.href = way.href));
});

/* Keys: those of the list are in keys.js. */
function copyLine() {
  const row = document.activeElement.closest?.('tr');
  const line = opened()?.querySelector('#entry-line')?.textContent
    ?? (row && [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, ' ').trim()).join('  '));
  if (line) navigator.clipboard?.writeText(line).catch(() => {});
}
const neighbour = (by) => opened()?.querySelector(`[data-step="${by}"]`).click();
const keys = {
  j: () => neighbour(1),
  k: () => neighbour(-1),
  c: copyLine,
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
  svg.addEventListener('pointerdown', (event) => {
    if (event.button || event.pointerType === 'touch') return;
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
  svg.addEventListener('pointercancel', () => chosen.setAttribute('width', 0));
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
        from = to = undefined;
        chosen.setAttribute('width', 0);
      }
      next.focus();
    }
    if (event.key === 'Enter' && from !== undefined && from !== to) {
      event.preventDefault();
      zoom();
    }
    if (event.key === 'Escape') {
      from = to = undefined;
      chosen.setAttribute('width', 0);
    }
  });
}
