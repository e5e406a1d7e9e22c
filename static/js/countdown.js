// A countdown by the hospital's clock: the page brings the server's "now", so a wrong phone clock does no harm.
//
//   <div data-countdown data-until="ISO" data-now="ISO" data-expired="text"
//        data-say-minutes="…{n}…" data-say-seconds="…{n}…" [data-enables="id"]>
//     <span data-left hidden>… <span data-digits></span></span>   shown once script runs
//     <span data-sentence>…</span>                                words that hold without script
//     <span aria-live="polite" data-said></span>
//
// At zero: the words of data-expired, then either the control named by data-enables is freed, or the page is
// loaded again, once per deadline.

import { fill, one, say, words } from './dom.js';

/** Seconds left at which a screen reader is told. A timer that speaks every second drowns the page. */
const SPOKEN = [600, 300, 120, 60, 30, 10];
const SOON_S = 120;

/** @param {HTMLElement} element */
export function startCountdown(element) {
  const until = Date.parse(words(element, 'until'));
  const offset = Date.parse(words(element, 'now')) - Date.now();
  if (Number.isNaN(until) || Number.isNaN(offset)) return;

  const digits = one('[data-digits]', element);
  const left = /** @type {HTMLElement | null} */ (one('[data-left]', element));
  const target = element.dataset.enables ? document.getElementById(element.dataset.enables) : null;
  const secondsLeft = () => Math.max(0, Math.ceil((until - Date.now() - offset) / 1000));
  let before = secondsLeft();
  if (before > 0) {
    if (left) left.hidden = false;
    if (target) target.setAttribute('disabled', '');
  }

  const tick = () => {
    // A fragment that keeps itself fresh may have replaced this one.
    if (!element.isConnected) return;
    const now = secondsLeft();
    if (digits) digits.textContent = clock(now);
    element.classList.toggle('countdown-soon', now <= SOON_S);
    const spoken = SPOKEN.find((mark) => before > mark && now <= mark);
    if (spoken && now > 0) announce(element, now);
    before = now;
    if (now > 0) {
      window.setTimeout(tick, 1000 - ((Date.now() + offset) % 1000) + 20);
      return;
    }
    finish(element, left, target);
  };
  tick();
}

/** @param {HTMLElement} element @param {number} seconds */
function announce(element, seconds) {
  const [name, n] = seconds > 60 ? ['sayMinutes', Math.round(seconds / 60)] : ['saySeconds', seconds];
  say(one('[data-said]', element), fill(words(element, String(name)), { n: Number(n) }));
}

/** @param {HTMLElement} element @param {HTMLElement | null} left @param {HTMLElement | null} target */
function finish(element, left, target) {
  if (left) left.hidden = true;
  const sentence = one('[data-sentence]', element);
  if (sentence) sentence.textContent = words(element, 'expired');
  say(one('[data-said]', element), words(element, 'expired'));
  if (element.dataset.enables) {
    if (target) target.removeAttribute('disabled');
    return;
  }
  // The server may lag a second behind us: without this mark the page would load itself for ever.
  const mark = `expired:${location.pathname}:${words(element, 'until')}`;
  try {
    if (sessionStorage.getItem(mark)) return;
    sessionStorage.setItem(mark, '1');
  } catch {
    return;
  }
  window.setTimeout(() => location.reload(), 2000);
}

/** @param {number} seconds */
export function clock(seconds) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
