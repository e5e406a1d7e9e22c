// Hears from the server that something changed, on one socket for the whole page. What it was, the page asks as
// it always does; while nobody can be heard it asks more often, so nothing depends on this. Hangs up when hidden.

const AGAIN_S = [1, 2, 5, 15, 30, 60];
/** The server speaks at least every 25 seconds. */
const SILENT_MS = 70_000;
/** The session is over: asking shows the sign-in, and hearing is no use. */
const OVER = 4401;

/** @type {Set<() => void>} */
const lookers = new Set();
/** @type {WebSocket | null} */
let socket = null;
let hearing = false;
let isOver = false;
let tries = 0;
let heardAt = 0;

/** Whether changes are being heard: asking by oneself may wait longer. */
export const hears = () => hearing;

/** @param {() => void} look called when something may have changed */
export function onLook(look) {
  lookers.add(look);
  if (lookers.size > 1 || !('WebSocket' in window)) return;
  document.addEventListener('visibilitychange', tend);
  // An open socket would keep the page out of the browser's memory of pages.
  window.addEventListener('pagehide', hangUp);
  window.addEventListener('pageshow', tend);
  window.addEventListener('online', tend);
  window.setInterval(() => {
    if (socket && Date.now() - heardAt > SILENT_MS) socket.close();
  }, SILENT_MS / 2);
  tend();
}

function tend() {
  if (document.visibilityState !== 'visible') hangUp();
  else if (!socket && !isOver) listen();
}

function hangUp() {
  hearing = false;
  const open = socket;
  socket = null;
  // Browsers complain of one that is closed while it opens.
  if (open?.readyState === WebSocket.CONNECTING) open.onopen = () => open.close();
  else open?.close();
}

function listen() {
  const url = new URL('/changes', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  let mine;
  try {
    mine = new WebSocket(url);
  } catch {
    // Barred by the browser's owner: the page asks by itself, as it does whenever nobody is heard.
    isOver = true;
    return;
  }
  socket = mine;
  heardAt = Date.now();
  mine.onopen = () => {
    hearing = true;
    // What changed since the page was made, or since the last socket.
    for (const look of lookers) look();
  };
  mine.onmessage = ({ data }) => {
    heardAt = Date.now();
    tries = 0;
    if (data === 'look') for (const look of lookers) look();
  };
  mine.onclose = ({ code }) => {
    if (socket !== mine) return;
    socket = null;
    hearing = false;
    isOver = code === OVER;
    if (isOver) for (const look of lookers) look();
    else window.setTimeout(tend, AGAIN_S[Math.min(tries++, AGAIN_S.length - 1)] * 1000 * (0.5 + Math.random()));
  };
}
