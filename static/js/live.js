// A part of the page that keeps itself fresh: the server renders it, this asks whether it changed.
//
//   <div id="queue" data-live data-live-url="/…" [data-live-every="15"] [data-live-now] [data-live-heard]>
//
// With data-live-now it also asks at once: the page itself was rendered without it. With data-live-heard it asks as
// soon as the server says that something changed (changes.js), and less often by itself meanwhile.
//
// With data-live-said="id", what [data-live-sentence] inside says is told to screen readers, in the live region
// of that id outside, whenever an answer changed it.
//
// The answer is HTML: either the fragment alone, or a page holding an element of the same id. ETag and 304
// keep the asking cheap; a hidden tab does not ask; a person typing inside is not disturbed, and what they typed,
// their place, opened details and the view stay (place.js). Once something inside carries data-live-ends there is
// nothing more to wait for. A house that answers with errors, or a session that is over, is said in #live-lost.

import { hears, onLook } from './changes.js';
import { one, say } from './dom.js';
import { isFilledIn, keepPlace } from './place.js';

const EVERY_S = 15;
const SLOWEST_S = 120;
const HEARD_S = 30;
/** Lists that could not be asked twice in a row. */
const lost = new Set();

/** @param {HTMLElement} element @param {(root: ParentNode) => void} enhance for what arrives */
export function keepFresh(element, enhance) {
  const url = element.dataset.liveUrl || location.href;
  const every = Number(element.dataset.liveEvery) || EVERY_S;
  const heard = 'liveHeard' in element.dataset;
  let etag = '';
  let shown = '';
  let wait = every;
  let failed = 0;
  let timer = 0;
  let isAsking = false;
  let isWanted = false;
  let isOver = false;

  const later = () => {
    window.clearTimeout(timer);
    if (isOver) return;
    const rests = heard && hears() && !failed && !isTouched(element);
    timer = window.setTimeout(ask, (rests ? Math.max(wait, HEARD_S) : wait) * 1000);
  };
  const soon = () => {
    isWanted = isAsking;
    if (isOver || isAsking) return;
    window.clearTimeout(timer);
    // Not everybody at the same moment.
    timer = window.setTimeout(ask, Math.random() * 400);
  };
  const ask = async () => {
    if (!element.isConnected) {
      lost.delete(element);
      return;
    }
    if (document.visibilityState === 'visible' && !isTouched(element)) {
      isAsking = true;
      await fetchOnce();
      isAsking = false;
    }
    if (isWanted) soon();
    else later();
  };
  const fetchOnce = async () => {
    let isAnswered = true;
    try {
      const response = await fetch(url, {
        headers: { Accept: 'text/html', ...(etag ? { 'If-None-Match': etag } : {}) },
        credentials: 'same-origin',
        cache: 'no-store',
      });
      failed = response.status < 500 ? 0 : failed + 1;
      wait = failed ? slower(failed, wait) : every;
      isOver = response.redirected || [401, 403, 404].includes(response.status);
      if (response.ok && !response.redirected && !isTouched(element)) {
        etag = response.headers.get('ETag') || '';
        await show(await response.text());
      }
      if (isOver && response.status !== 404) tell('over');
    } catch {
      isAnswered = false;
      window.dispatchEvent(new Event('unanswered'));
      failed += 1;
      wait = slower(failed, wait);
    }
    // Without an answer at all the page's bar says so (net.js).
    if (failed > 1 && isAnswered) lost.add(element);
    else lost.delete(element);
    tell(lost.size ? 'lost' : '');
  };
  /** @param {string} html */
  const show = async (html) => {
    const arrived = new DOMParser().parseFromString(html, 'text/html');
    const same = element.id ? one(`#${CSS.escape(element.id)}`, arrived) : null;
    const fresh = same || arrived.body;
    const written = new XMLSerializer().serializeToString(fresh);
    if (written === shown) return;
    shown = written;
    const before = sentence(element);
    const putBack = keepPlace(element);
    element.replaceChildren(...Array.from(fresh.childNodes));
    enhance(element);
    putBack();
    const region = element.dataset.liveSaid ? document.getElementById(element.dataset.liveSaid) : null;
    if (region && sentence(element) !== before) say(region, sentence(element));
    isOver = Boolean(one('[data-live-ends]', element));
  };

  if ('liveNow' in element.dataset) ask();
  else later();
  if (heard) onLook(soon);
  window.addEventListener('online', soon);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    wait = every;
    soon();
  });
}

/** The first time may be a hiccup; then ever more seldom. @param {number} failed @param {number} wait */
function slower(failed, wait) {
  return failed > 1 ? Math.min(wait * 2, SLOWEST_S) : 2;
}

/** @param {string} what */
function tell(what) {
  const region = document.getElementById('live-lost');
  if (!region || region.dataset.told === 'over' || (region.dataset.told || '') === what) return;
  region.dataset.told = what;
  region.hidden = !what;
  region.textContent = (what === 'over' ? region.dataset.sayOver : what && region.dataset.sayLost) || '';
}

/** @param {HTMLElement} element */
function sentence(element) {
  return one('[data-live-sentence]', element)?.textContent?.trim() || '';
}

/** Somebody types inside, or has: it waits for them. @param {HTMLElement} element */
function isTouched(element) {
  const focus = document.activeElement;
  const isTyping = focus instanceof HTMLElement && focus.matches('input, textarea, select, [aria-busy]');
  return (isTyping && element.contains(focus)) || isFilledIn(element);
}
