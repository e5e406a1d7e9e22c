// Sheets and dialogs: one at a time has the focus. <dialog> came to Safari with 15.4.

const FOCUSABLE = 'a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled]), select:not([disabled]), [tabindex]:not([tabindex="-1"])';

/** @type {{element: HTMLElement, before: Element | null, closed?: () => void}[]} */
const open = [];

/**
 * @param {HTMLElement} element with role="dialog"
 * @param {() => void} [closed] after it went, whoever closed it
 */
export function openSheet(element, closed) {
  if (open.some((each) => each.element === element)) return;
  open.push({ element, before: document.activeElement, closed });
  element.hidden = false;
  const first = /** @type {HTMLElement | null} */ (element.querySelector('[data-first]') || element.querySelector(FOCUSABLE));
  (first || element).focus({ preventScroll: true });
}

/** @param {HTMLElement} element */
export function closeSheet(element) {
  const at = open.findIndex((each) => each.element === element);
  element.hidden = true;
  if (at < 0) return;
  const [{ before, closed }] = open.splice(at, 1);
  if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  if (closed) closed();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const top = open[open.length - 1];
  if (!top) return;
  if (event.key === 'Escape' && top.element.dataset.stays === undefined) {
    event.preventDefault();
    closeSheet(top.element);
    return;
  }
  if (event.key !== 'Tab') return;
  const inside = /** @type {HTMLElement[]} */ (Array.from(top.element.querySelectorAll(FOCUSABLE))).filter((each) => each.offsetParent !== null);
  if (!inside.length) return;
  const last = inside[inside.length - 1];
  const outside = !top.element.contains(document.activeElement);
  if (event.shiftKey && (document.activeElement === inside[0] || outside)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (document.activeElement === last || outside)) {
    event.preventDefault();
    inside[0].focus();
  }
}

/** @param {MouseEvent} event */
function onClick(event) {
  const closer = event.target instanceof Element ? event.target.closest('[data-close-sheet]') : null;
  const sheet = closer && closer.closest('[role="dialog"]');
  if (sheet instanceof HTMLElement) closeSheet(sheet);
}

document.addEventListener('keydown', onKey);
document.addEventListener('click', onClick);
