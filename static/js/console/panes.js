// Conversation, file and line on a narrow screen: one at a time, without leaving the page, so that a call goes on.

import { all, one } from '../dom.js';

/** @param {HTMLElement} frame the element that holds the panes */
export function panes(frame) {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (event.target.closest('a[data-pane]')) : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(frame, link.dataset.pane || 'talk', link.hash);
  });
}

/** @param {HTMLElement} frame @param {string} name @param {string} [hash] */
export function show(frame, name, hash = '') {
  frame.dataset.shown = name;
  for (const tab of /** @type {HTMLElement[]} */ (all('[data-pane-tabs] a[data-pane]'))) {
    if (tab.dataset.pane === name) tab.setAttribute('aria-current', 'true');
    else tab.removeAttribute('aria-current');
  }
  // What the address says is shown again after a reload.
  window.history.replaceState(null, '', `${location.pathname}?pane=${name}${hash}`);
  const part = hash ? document.getElementById(hash.slice(1)) : null;
  const pane = /** @type {HTMLElement | null} */ (one(`#pane-${name}`));
  (part || pane)?.scrollIntoView({ block: 'start' });
  pane?.focus({ preventScroll: true });
}
