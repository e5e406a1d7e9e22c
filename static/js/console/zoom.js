// A picture as large as the window. Without script its link opens it in a tab of its own.
//
//   <ul data-zoom-set> … <a href="large" data-zoom><img src="small" alt="name"></a> …
//   <template data-zoom-template>  the words of the buttons come from the server

import { all, one } from '../dom.js';

/** @param {HTMLElement} link one picture of a set */
export function zoom(link) {
  link.addEventListener('click', (event) => {
    const template = /** @type {HTMLTemplateElement | null} */ (one('template[data-zoom-template]'));
    if (!template || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const set = /** @type {HTMLAnchorElement[]} */ (all('a[data-zoom]', link.closest('[data-zoom-set]') || document));
    open(template, set, set.indexOf(/** @type {HTMLAnchorElement} */ (link)));
  });
}

/** @param {HTMLTemplateElement} template @param {HTMLAnchorElement[]} set @param {number} at */
function open(template, set, at) {
  const box = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  const image = /** @type {HTMLImageElement} */ (one('img', box));
  const frame = /** @type {HTMLElement} */ (one('[data-zoom-frame]', box));
  const name = one('[data-zoom-name]', box);
  const before = /** @type {HTMLButtonElement} */ (one('[data-zoom-before]', box));
  const after = /** @type {HTMLButtonElement} */ (one('[data-zoom-after]', box));
  const opener = document.activeElement;

  const draw = () => {
    const small = one('img', set[at]);
    image.src = set[at].href;
    image.alt = (small && small.getAttribute('alt')) || '';
    if (name) name.textContent = `${image.alt} ${at + 1}/${set.length}`;
    before.disabled = at === 0;
    after.disabled = at === set.length - 1;
    delete box.dataset.large;
  };
  const go = (/** @type {number} */ by) => {
    if (at + by < 0 || at + by >= set.length) return;
    at += by;
    draw();
  };
  const larger = () => {
    if (box.dataset.large === undefined) box.dataset.large = '';
    else delete box.dataset.large;
  };
  const close = () => {
    box.remove();
    document.removeEventListener('keydown', keys, true);
    if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
  };
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowLeft') go(-1);
    else if (event.key === 'ArrowRight') go(1);
    else if (event.key === 'Tab') stay(box, event);
    else return;
    event.stopPropagation();
  };

  image.addEventListener('click', larger);
  before.addEventListener('click', () => go(-1));
  after.addEventListener('click', () => go(1));
  one('[data-zoom-larger]', box)?.addEventListener('click', larger);
  one('[data-zoom-close]', box)?.addEventListener('click', close);
  document.addEventListener('keydown', keys, true);
  document.body.append(box);
  draw();
  frame.focus({ preventScroll: true });
}

/** The focus stays inside the box. @param {HTMLElement} box @param {KeyboardEvent} event */
function stay(box, event) {
  const stops = /** @type {HTMLElement[]} */ (all('button:not([disabled]), [tabindex="0"]', box));
  const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = (at + (event.shiftKey ? -1 : 1) + stops.length) % stops.length;
  event.preventDefault();
  stops[next]?.focus();
}
