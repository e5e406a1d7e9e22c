// What a form gains from script: it is sent once, says so, and leads to its first error.
//
//   <form data-form>               one submission at a time; the pressed button shows its data-busy words
//   <div data-error-summary>       takes the focus when the page opens; its links focus the fields
//   <select data-submit-on-change> sends its form (filters)
//   <div data-when="name=value">   shown while the form's field has that value (several: "name=a|b")
//   <form data-clear-drafts>       forgets every unsaved draft of this browser (sign-out)

import { all, one, storage } from './dom.js';

export const DRAFT = 'draft:';
const WAKE_MS = 20_000;

/** @param {HTMLElement} element */
export function guardSubmit(element) {
  const form = /** @type {HTMLFormElement} */ (element);
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = '1';
    showBusy(pressed(event, form));
    // A weak network, an answer that is a file, a pressed stop: whoever is still here may send it again.
    window.setTimeout(() => wake(form), WAKE_MS);
  });
}

/** @param {SubmitEvent} event @param {HTMLFormElement} form @returns {HTMLButtonElement | null} */
function pressed(event, form) {
  // Safari has `submitter` only since 15.4.
  const from = event.submitter || document.activeElement;
  if (from instanceof HTMLButtonElement && from.form === form) return from;
  return one('button[type="submit"]', form);
}

/** What a button said before it was busy. @type {WeakMap<Element, ChildNode[]>} */
const words = new WeakMap();

/** @param {HTMLButtonElement | null} button */
function showBusy(button) {
  if (!button) return;
  words.set(button, [...button.childNodes]);
  button.style.minWidth = `${button.offsetWidth}px`;
  button.setAttribute('aria-busy', 'true');
  if (button.dataset.busy) button.textContent = button.dataset.busy;
}

/** Coming back with the back button shows the page as it was left: wake its buttons. */
export function wakeForms() {
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) /** @type {HTMLFormElement[]} */ (all('form[data-sending]')).forEach(wake);
  });
}

/** @param {HTMLFormElement} form */
function wake(form) {
  delete form.dataset.sending;
  for (const button of /** @type {HTMLButtonElement[]} */ (all('button[aria-busy]', form))) {
    button.removeAttribute('aria-busy');
    const kept = words.get(button);
    if (kept) button.replaceChildren(...kept);
  }
}

/** @param {HTMLElement} summary */
export function leadToErrors(summary) {
  summary.focus({ preventScroll: true });
  summary.scrollIntoView({ block: 'nearest' });
  summary.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    event.preventDefault();
    field.focus({ preventScroll: true });
    (field.closest('.field') || field).scrollIntoView({ block: 'center' });
  });
}

/** @param {HTMLElement} control */
export function submitOnChange(control) {
  control.addEventListener('change', () => {
    const form = /** @type {HTMLSelectElement} */ (control).form;
    if (!form) return;
    // requestSubmit came with Safari 16.
    if (form.requestSubmit) form.requestSubmit();
    else form.submit();
  });
}

/** @param {HTMLElement} element */
export function showWhen(element) {
  const [name, wanted] = (element.dataset.when || '').split('=');
  const form = element.closest('form');
  if (!form || !name) return;
  const values = (wanted || '').split('|');
  const show = () => {
    const now = new FormData(form).getAll(name).map(String);
    element.hidden = !now.some((value) => values.includes(value));
  };
  form.addEventListener('change', show);
  show();
}

/** @param {HTMLElement} form */
export function clearDraftsOnSubmit(form) {
  form.addEventListener('submit', () => {
    for (const key of storage.keys()) if (key.startsWith(DRAFT)) storage.remove(key);
  });
}
