// Whether the house can be reached while a page is open. What was written stays on the page: while it cannot,
// forms wait instead of being lost to the browser's own error page.
//
//   <p data-reach role="status" data-say-gone data-say-waits data-say-back></p>
//
// "offline" is only the browser's opinion (a hospital's own network may have no way out), so the house is asked.

import { all, one, say, words } from './dom.js';

const AGAIN_MS = 4000;
const BACK_FOR_MS = 4000;
const ASK_FOR_MS = 5000;
let gone = false;

export function watchNetwork() {
  // Said by whatever got no answer to a question of its own.
  window.addEventListener('unanswered', ask);
  window.addEventListener('offline', ask);
  window.addEventListener('online', ask);
  document.addEventListener('submit', hold, true);
  if (!navigator.onLine) ask();
}

/** @param {Event} event */
function hold(event) {
  // The room keeps its own messages until they are out (room/outbox.js).
  const isKept = event.target instanceof Element && event.target.matches('[data-room-composer]');
  if (!gone || isKept) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  tell('waits');
  ask();
}

let asking = false;

async function ask() {
  if (asking) return;
  asking = true;
  const there = await reachable();
  asking = false;
  if (there === gone) tell(there ? 'back' : 'gone');
  gone = !there;
  if (gone) window.setTimeout(ask, AGAIN_MS);
}

async function reachable() {
  const patience = new AbortController();
  const over = window.setTimeout(() => patience.abort(), ASK_FOR_MS);
  try {
    // Any answer is an answer: one that is busy or being renewed is there.
    await fetch('/health/live', { method: 'HEAD', cache: 'no-store', credentials: 'omit', signal: patience.signal });
    return true;
  } catch {
    return false;
  } finally {
    window.clearTimeout(over);
  }
}

/** @param {'gone' | 'waits' | 'back'} state */
function tell(state) {
  for (const bar of /** @type {HTMLElement[]} */ (all('[data-reach]'))) {
    bar.dataset.state = state;
    say(bar, words(bar, `say${state[0].toUpperCase()}${state.slice(1)}`));
  }
  if (state === 'back') window.setTimeout(() => gone || say(one('[data-reach]'), ''), BACK_FOR_MS);
}
