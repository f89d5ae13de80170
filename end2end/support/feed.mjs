// What Monitor's feed shows, and what a test may say to it in the panel's name.

/** What is shown, newest first, and what is stored of it. */
export async function shownAndStored(page, query) {
  const shown = await page.locator('.log-table--feed .log-table__row').evaluateAll((rows) => rows.map((row) => `${row.querySelector('time').dateTime} ${row.querySelector('.log-table__text').textContent}`));
  const answer = await page.evaluate(async (url) => (await fetch(url)).json(), `/api/v1/logs?limit=200&${query}`);
  return [shown, answer.entries.map((entry) => `${entry.at} ${entry.message}`)];
}

/**
 * Stands between the page and the stream. `say` sends a frame to the page as the panel would; `passes`: whether what the panel says
 * comes through; `opens`: whether a socket opens; `opened`: how many have.
 */
export async function between(page) {
  const line = { passes: true, opens: true, opened: 0, say: () => {} };
  await page.routeWebSocket(/stream/, (socket) => {
    if (!line.opens) return void socket.close();
    line.opened += 1;
    const panel = socket.connectToServer();
    panel.onMessage((message) => line.passes && socket.send(message));
    line.say = (frame) => socket.send(JSON.stringify(frame));
  });
  return line;
}

/** From the next load on the page is one that nobody looks at. */
export async function hide(page) {
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { get: () => true }));
}
