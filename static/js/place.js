// Where a person is in a part of the page that is about to be replaced: the focused line, what they opened, what
// they scrolled. Lines are known by their id, or by data-row where the id is another element's.

import { all, one } from './dom.js';

/** What a person at a keyboard goes through, in console/walk.js and dispatch/board.js. */
const STEPS = '[data-step], [data-card]';

/** Whether somebody filled in a field inside, and left it. @param {HTMLElement} root */
export function isFilledIn(root) {
  return /** @type {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */ (
    all('input, textarea, select', root)
  ).some((field) => {
    if (field instanceof HTMLSelectElement) {
      const first = Array.from(field.options).findIndex((option) => option.defaultSelected);
      return !field.multiple && field.selectedIndex !== Math.max(first, field.options.length ? 0 : -1);
    }
    if (field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio')) {
      return field.checked !== field.defaultChecked;
    }
    return field.type !== 'hidden' && field.value !== field.defaultValue;
  });
}

/** @param {HTMLElement} root @returns {() => void} call it once the new content stands */
export function keepPlace(root) {
  const focus = root.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const focused = focus && focus !== root ? placeOf(focus, root) : null;
  const steps = all(STEPS, root);
  const line = focus?.closest('li, tr, [data-card]');
  const at = steps.findIndex((step) => line?.contains(step));
  const opened = all('details[open]', root).map((details) => placeOf(details, root));
  const scrolled = all('.scroll-x', root).map((box) => box.scrollLeft);
  const anchor = focus || rows(root).find((row) => row.getBoundingClientRect().top >= 0) || null;
  const anchored = anchor && anchor !== root ? placeOf(anchor, root) : null;
  const top = anchor ? anchor.getBoundingClientRect().top : 0;

  return () => {
    for (const place of opened) find(place, root)?.setAttribute('open', '');
    all('.scroll-x', root).forEach((box, number) => {
      box.scrollLeft = scrolled[number] || 0;
    });
    const again = anchored && find(anchored, root);
    if (again && window.scrollY > 0) window.scrollBy(0, again.getBoundingClientRect().top - top);
    if (!focused) return;
    // Somebody else did this one: on to what stands in its place, never to the top of the page.
    const left = /** @type {HTMLElement[]} */ (all(STEPS, root));
    const next = find(focused, root) || (at >= 0 ? left[Math.min(at, left.length - 1)] : null);
    (next || document.getElementById('main'))?.focus({ preventScroll: true });
  };
}

/** @typedef {{ home: string, tag: string, at: number }} Place */

/** @param {HTMLElement} root @returns {HTMLElement[]} */
function rows(root) {
  return all('[id], [data-row]', root);
}

/**
 * The line a node is in, and the how-manyth of its kind there.
 * @param {Element} node @param {HTMLElement} root @returns {Place}
 */
function placeOf(node, root) {
  const line = /** @type {HTMLElement | null} */ (node.closest('[id], [data-row]'));
  const home = line && root.contains(line) ? line : root;
  const at = node === home ? -1 : all(node.tagName, home).indexOf(node);
  return { home: home === root ? '' : home.id || home.dataset.row || '', tag: node.tagName, at };
}

/** @param {Place} place @param {HTMLElement} root @returns {HTMLElement | null} */
function find(place, root) {
  const name = CSS.escape(place.home);
  const home = place.home ? /** @type {HTMLElement | null} */ (one(`[id="${name}"], [data-row="${name}"]`, root)) : root;
  if (!home || place.at < 0) return home;
  return /** @type {HTMLElement[]} */ (all(place.tag, home))[place.at] || null;
}
