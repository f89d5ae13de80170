// The keys of every page: their sheet, the way to words and to pages, from entry to entry. Put before logs.js in documents, alone on Monitor.
// The sheet has a switch for who speaks to the browser, where single letters do harm.
{
  /** A cookie, as the theme is: what else a browser keeps for the panel goes with the session. */
  const NAME = 'keys';
  const A_YEAR_SECONDS = 31_536_000;
  /** A second letter is waited for this long. */
  const WAIT_MILLIS = 1500;
  const PAGES = { m: '/', l: '/logs', s: '/schedules', v: '/servers', u: '/users', r: '/roles' };
  const root = document.documentElement;
  const box = document.querySelector('[data-turn-keys]');
  let goesAt = -Infinity;

  const isOff = () => document.cookie.split('; ').includes(`${NAME}=off`);
  const keep = (off) => {
    document.cookie = `${NAME}=${off ? 'off' : 'on'}; Path=/; Max-Age=${A_YEAR_SECONDS}; SameSite=Lax`;
  };
  const show = (off) => {
    root.toggleAttribute('data-keys-off', off);
    if (box) box.checked = !off;
  };
  show(isOff());
  // Where a browser keeps nothing it holds for this page.
  box?.addEventListener('change', () => {
    keep(!box.checked);
    show(!box.checked);
  });

  /** Whoever chooses by keys goes on from there: the page that comes is the same, with another choice. */
  const PLACE = 'keys-place';
  const chips = () => [...document.querySelectorAll('.chip')];
  addEventListener('click', ({ target }) => {
    const chip = target.closest?.('.chip:focus-visible');
    if (chip) sessionStorage.setItem(PLACE, chips().indexOf(chip));
  });
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  // A fragment of the address takes the focus from what has it until then.
  if (place) addEventListener('load', () => chips()[place]?.focus({ preventScroll: true }));

  /** From entry to entry. What comes in by itself stands still for it. */
  const step = (by) => {
    const entries = [...document.querySelectorAll('.log-table__open')];
    const here = entries.indexOf(document.activeElement?.closest('.log-table__open'));
    const to = entries[here < 0 ? 0 : Math.min(entries.length - 1, Math.max(0, here + by))];
    if (!to) return;
    const pause = document.querySelector('[aria-keyshortcuts="Space"]');
    if (pause?.textContent === 'Pause') pause.click();
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: 'nearest' });
  };
  const look = () => {
    const field = [...document.querySelectorAll('[data-search]')].find((field) => field.checkVisibility());
    field ? field.select() : visit('l');
  };
  // Only pages that the viewer is offered.
  const visit = (key) => document.querySelector(`.navigation__link[href="${PAGES[key]}"]`)?.click();

  const acts = {
    '?': () => document.getElementById('keys')?.togglePopover(),
    '/': look,
    g: () => (goesAt = performance.now()),
    j: () => step(1),
    k: () => step(-1),
  };
  addEventListener('keydown', (event) => {
    if (event.target.matches?.('input, select, textarea')) {
      if (event.key === 'Escape' && event.target.matches('[data-search]')) event.target.blur();
      return;
    }
    if (root.hasAttribute('data-keys-off') || event.ctrlKey || event.metaKey || event.altKey) return;
    // Held down, a key steps on; it does not show and hide the sheet in turn.
    if (event.repeat && !['j', 'k'].includes(event.key)) return;
    if (document.querySelector('.confirm:modal')) return;
    // What is open has keys of its own.
    if (document.querySelector('dialog[open]') && event.key !== '?') return;
    const goes = performance.now() - goesAt < WAIT_MILLIS && PAGES[event.key];
    const act = goes ? () => visit(event.key) : acts[event.key];
    if (!act) return;
    goesAt = -Infinity;
    event.preventDefault();
    act();
  });
}
