// The board by keyboard: j and k walk the orders, Enter opens one, / goes back to the scanner's field.

import { all, one } from '../dom.js';

/** @param {EventTarget | null} target */
function types(target) {
  return target instanceof HTMLElement && target.matches('input, textarea, select') && target.id !== 'scan';
}

/** @param {number} by */
function walk(by) {
  const cards = /** @type {HTMLElement[]} */ (all('[data-card]'));
  if (!cards.length) return;
  const here = cards.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : cards.length - 1) : (here + by + cards.length) % cards.length;
  cards[next].focus();
  cards[next].scrollIntoView({ block: 'nearest' });
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || types(event.target)) return;
  const scan = /** @type {HTMLInputElement | null} */ (one('#scan'));
  // A scanner types fast and ends with Enter: what already stands in its field is a code, no command.
  if (event.target === scan && scan && scan.value) return;
  if (event.key === 'j' || event.key === 'k') {
    event.preventDefault();
    walk(event.key === 'j' ? 1 : -1);
  } else if (event.key === '/' && event.target !== scan) {
    event.preventDefault();
    scan?.focus();
  }
});
