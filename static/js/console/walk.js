// A list of work walked by keyboard: arrows or j and k from line to line, Enter opens, c takes, ? shows the keys.
//
//   <div data-walk [data-walk-keys="id of the <details> that lists the keys"]>
//     … <li> or <tr> <a data-step href> … <button data-take>

import { all, enhanceEach, one } from '../dom.js';

/** @param {HTMLElement} list */
export function walk(list) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === '?') {
      showKeys(list, event);
      return;
    }
    // An arrow outside the list moves the page, as everywhere.
    const inside = list.contains(document.activeElement);
    if (event.key === 'j' || (event.key === 'ArrowDown' && inside)) step(list, 1, event);
    else if (event.key === 'k' || (event.key === 'ArrowUp' && inside)) step(list, -1, event);
    else if (event.key === 'Home' && inside) step(list, -Infinity, event);
    else if (event.key === 'End' && inside) step(list, Infinity, event);
    else if (event.key === 'c' && inside) take();
  });
}

/** @param {HTMLElement} list @param {number} by @param {KeyboardEvent} event */
function step(list, by, event) {
  const lines = /** @type {HTMLElement[]} */ (all('[data-step]', list));
  if (!lines.length) return;
  const row = document.activeElement?.closest('li, tr');
  const at = lines.findIndex((line) => row?.contains(line));
  const next = at < 0 ? (by < 0 ? lines.length - 1 : 0) : Math.min(Math.max(at + by, 0), lines.length - 1);
  event.preventDefault();
  lines[next].focus();
  lines[next].scrollIntoView({ block: 'nearest' });
}

function take() {
  /** @type {HTMLElement | null} */ (one('[data-take]', document.activeElement?.closest('li, tr') || document.createElement('i')))?.click();
}

/** @param {HTMLElement} list @param {KeyboardEvent} event */
function showKeys(list, event) {
  const box = /** @type {HTMLDetailsElement | null} */ (document.getElementById(list.dataset.walkKeys || ''));
  if (!box) return;
  event.preventDefault();
  box.open = !box.open;
  if (box.open) one('summary', box)?.scrollIntoView({ block: 'nearest' });
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

enhanceEach(document, '[data-walk]', walk);
