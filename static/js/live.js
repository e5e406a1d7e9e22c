// A part of the page that keeps itself fresh: the server renders it, this asks whether it changed.
//
//   <div id="queue" data-live data-live-url="/…" [data-live-every="15"] [data-live-now]>
//
// With data-live-now it also asks at once: the page itself was rendered without it.
//
// With data-live-said="id", what [data-live-sentence] inside says is told to screen readers, in the live region
// of that id outside, whenever an answer changed it.
//
// The answer is HTML: either the fragment alone, or a page holding an element of the same id. ETag and 304
// keep the asking cheap; a hidden tab does not ask; a person typing inside is not disturbed. Once something
// inside carries data-live-ends there is nothing more to wait for.

import { one, say } from './dom.js';

const EVERY_S = 15;
const SLOWEST_S = 120;

/** @param {HTMLElement} element @param {(root: ParentNode) => void} enhance for what arrives */
export function keepFresh(element, enhance) {
  const url = element.dataset.liveUrl || location.href;
  const every = Number(element.dataset.liveEvery) || EVERY_S;
  let etag = '';
  let wait = every;

  const ask = async () => {
    if (!element.isConnected) return;
    if (document.visibilityState === 'visible' && !busy(element)) {
      try {
        const response = await fetch(url, {
          headers: { Accept: 'text/html', ...(etag ? { 'If-None-Match': etag } : {}) },
          credentials: 'same-origin',
          cache: 'no-store',
        });
        wait = response.status < 500 ? every : Math.min(wait * 2, SLOWEST_S);
        if (response.ok && !response.redirected && !busy(element)) {
          etag = response.headers.get('ETag') || '';
          const before = sentence(element);
          replace(element, await response.text());
          enhance(element);
          const region = element.dataset.liveSaid ? document.getElementById(element.dataset.liveSaid) : null;
          if (region && sentence(element) !== before) say(region, sentence(element));
          if (one('[data-live-ends]', element)) return;
        }
        if (response.status === 401 || response.status === 403 || response.status === 404) return;
      } catch {
        window.dispatchEvent(new Event('unanswered'));
        wait = Math.min(wait * 2, SLOWEST_S);
      }
    }
    window.setTimeout(ask, wait * 1000);
  };
  window.setTimeout(ask, 'liveNow' in element.dataset ? 0 : every * 1000);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wait = every;
  });
}

/** @param {HTMLElement} element */
function sentence(element) {
  return one('[data-live-sentence]', element)?.textContent?.trim() || '';
}

/** @param {HTMLElement} element */
function busy(element) {
  const focus = document.activeElement;
  return focus instanceof HTMLElement && element.contains(focus) && focus.matches('input, textarea, select, [aria-busy]');
}

/** @param {HTMLElement} element @param {string} html */
function replace(element, html) {
  const arrived = new DOMParser().parseFromString(html, 'text/html');
  const same = element.id ? one(`#${CSS.escape(element.id)}`, arrived) : null;
  const focused = element.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).id : '';
  element.replaceChildren(...Array.from((same || arrived.body).childNodes));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
