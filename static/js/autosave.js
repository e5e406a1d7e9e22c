// Nothing typed is lost. Each change is kept in this browser at once, and sent to the server a moment later;
// when the server has it, the local copy goes, so that a shared phone keeps no history of illness.
//
//   <form data-autosave="/api/…" [data-autosave-key="stable name"] [data-autosave-method="PUT"]
//         data-say-saving data-say-saved data-say-failed data-say-restored>
//     <p role="status" data-autosave-state></p>
//
// The body is JSON: name → text; a lone check box → true or false; several boxes of one name, or several
// fields of one name → list; an unanswered radio group → null. A hidden field `editor` names the page to the
// server; whoever goes on with a kept copy goes on under its name. Names that begin with "_", files,
// passwords and read-only fields stay out. A page shown after success may carry data-draft-done="key" to
// forget the copy.

import { call, Problem } from './api.js';
import { all, one, say, storage, words } from './dom.js';
import { DRAFT } from './form.js';

const WAIT_MS = 1200;
const RETRY_MS = [3000, 6000, 15000, 30000, 60000];
const KEEP_DAYS = 7;

/** @typedef {Record<string, string | boolean | string[] | null>} Values */
/** @typedef {{at: number, editor: string, values: Values}} Draft */

/** @param {HTMLElement} element */
export function autosave(element) {
  const form = /** @type {HTMLFormElement} */ (element);
  const key = DRAFT + (form.dataset.autosaveKey || form.dataset.autosave);
  const saver = new Saver(form, key);
  const draft = read(key);
  if (draft && put(form, draft.values)) {
    for (const name of Object.keys(draft.values)) saver.dirty.add(name);
    // The page before this one may have saved since this one was made: that was us, nobody else.
    if (saver.editor && draft.editor) saver.editor.value = draft.editor;
    saver.show('restored');
    saver.schedule(WAIT_MS);
  }
  // What was typed while this script was still on its way, and what the browser itself brought back.
  for (const field of form.elements) if (touched(field)) saver.changed(field);
  form.addEventListener('input', (event) => saver.changed(event.target));
  form.addEventListener('change', (event) => saver.changed(event.target));
  form.addEventListener('submit', () => saver.stop());
  window.addEventListener('online', () => saver.schedule(0));
  window.addEventListener('pagehide', () => saver.leave());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') saver.leave();
  });
}

class Saver {
  /** @param {HTMLFormElement} form @param {string} key */
  constructor(form, key) {
    this.form = form;
    this.key = key;
    this.url = words(form, 'autosave');
    this.method = form.dataset.autosaveMethod || 'PUT';
    this.state = /** @type {HTMLElement | null} */ (one('[data-autosave-state]', form));
    this.editor = /** @type {HTMLInputElement | null} */ (one('input[type="hidden"][name="editor"]', form));
    /** @type {Set<string>} names changed since the server last had everything */
    this.dirty = new Set();
    this.timer = 0;
    this.tries = 0;
    this.sending = false;
    this.stopped = false;
  }

  /** @param {EventTarget | null} target */
  changed(target) {
    if (!(target instanceof HTMLElement)) return;
    const field = /** @type {HTMLInputElement} */ (target);
    const name = field.dataset.upload === undefined ? kept(field) && field.name : words(field, 'name');
    if (!name) return;
    this.dirty.add(name);
    this.keep();
    this.schedule(WAIT_MS);
  }

  keep() {
    const now = collect(this.form);
    /** @type {Values} */
    const values = {};
    for (const name of this.dirty) if (name in now) values[name] = now[name];
    storage.set(this.key, JSON.stringify({ at: Date.now(), editor: this.editor?.value || '', values }));
  }

  /** @param {number} ms */
  schedule(ms) {
    if (!this.dirty.size || this.stopped) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), ms);
  }

  async send() {
    if (this.sending || this.stopped || !this.dirty.size) return;
    this.sending = true;
    const sent = new Set(this.dirty);
    const values = collect(this.form);
    this.show('saving');
    try {
      await call(this.method, this.url, values);
      this.tries = 0;
      this.settle(sent, values);
    } catch (error) {
      this.fail(error);
    } finally {
      this.sending = false;
    }
  }

  /**
   * Forget what the server now has; what was typed while it travelled stays dirty.
   * @param {Set<string>} sent
   * @param {Values} values
   */
  settle(sent, values) {
    const now = collect(this.form);
    for (const name of sent) {
      if (JSON.stringify(now[name]) === JSON.stringify(values[name])) this.dirty.delete(name);
    }
    if (this.dirty.size) {
      this.keep();
      this.schedule(WAIT_MS);
      return;
    }
    storage.remove(this.key);
    this.show('saved');
  }

  /** @param {unknown} error */
  fail(error) {
    const problem = error instanceof Problem ? error : new Problem(0, {});
    // A sentence from the server (not signed in, hold expired) says more than "try later".
    this.show('failed', problem.passing ? '' : problem.message);
    if (!problem.passing) return;
    const wait = problem.retryAfterS * 1000 || RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.schedule(wait);
  }

  /** The page goes away: one last try that may outlive it. The local copy stays until an answer is seen. */
  leave() {
    if (!this.dirty.size || this.stopped) return;
    this.keep();
    const sent = new Set(this.dirty);
    const values = collect(this.form);
    call(this.method, this.url, values, { keepalive: true })
      .then(() => this.settle(sent, values))
      .catch(() => undefined);
  }

  stop() {
    window.clearTimeout(this.timer);
    this.stopped = true;
    // Should the submission fail on the way, coming back to the page wakes this again.
    window.addEventListener('pageshow', () => (this.stopped = false), { once: true });
  }

  /** @param {'saving' | 'saved' | 'failed' | 'restored'} state @param {string} [sentence] */
  show(state, sentence = '') {
    if (!this.state) return;
    this.state.dataset.state = state;
    const name = `say${state[0].toUpperCase()}${state.slice(1)}`;
    const said = sentence || words(this.form, name);
    if (this.state.textContent !== said) say(this.state, said);
  }
}

/** @param {HTMLInputElement} field */
function kept(field) {
  return Boolean(field.name) && !field.name.startsWith('_') && !['file', 'password', 'submit', 'button', 'fieldset', 'output'].includes(field.type);
}

/**
 * Whether a field says something else than the page it came with.
 * @param {Element} field
 */
function touched(field) {
  if (field instanceof HTMLSelectElement) {
    return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  }
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (!(field instanceof HTMLInputElement)) return false;
  return field.checked !== field.defaultChecked || (field.type !== 'hidden' && field.value !== field.defaultValue);
}

/** @param {HTMLFormElement} form @returns {Map<string, HTMLInputElement[]>} */
function fields(form) {
  /** @type {Map<string, HTMLInputElement[]>} */
  const found = new Map();
  for (const field of /** @type {HTMLInputElement[]} */ (Array.from(form.elements))) {
    if (kept(field) && !field.disabled && !field.readOnly) found.set(field.name, [...(found.get(field.name) || []), field]);
  }
  return found;
}

/** @param {HTMLFormElement} form @returns {Values} */
export function collect(form) {
  /** @type {Values} */
  const values = {};
  for (const [name, group] of fields(form)) {
    const [first] = group;
    if (first.type === 'radio') values[name] = (group.find((field) => field.checked) || { value: null }).value;
    else if (first.type === 'checkbox' && group.length === 1 && first.dataset.many === undefined) values[name] = first.checked;
    else if (first.type === 'checkbox') values[name] = group.filter((field) => field.checked).map((field) => field.value);
    else if (group.length > 1 || first.dataset.many !== undefined) values[name] = group.map((field) => field.value);
    else values[name] = first.value;
  }
  // An emptied list of files has no field left to speak for it.
  for (const box of /** @type {HTMLElement[]} */ (all('[data-upload]', form))) {
    const name = words(box, 'name');
    if (!(name in values)) values[name] = [];
  }
  return values;
}

/**
 * Write kept values back into the form.
 * @param {HTMLFormElement} form
 * @param {Values} values
 * @returns {boolean} whether anything changed
 */
function put(form, values) {
  let changed = false;
  for (const [name, group] of fields(form)) {
    if (!(name in values)) continue;
    const value = values[name];
    for (const [index, field] of group.entries()) {
      // Uploaded files have their own life on the server; a kept list must not resurrect a removed one.
      if (field.type === 'hidden') continue;
      if (field.type === 'radio' || field.type === 'checkbox') {
        const on = typeof value === 'boolean' ? value : Array.isArray(value) ? value.includes(field.value) : value === field.value;
        changed = changed || on !== field.checked;
        field.checked = on;
        continue;
      }
      const text = Array.isArray(value) ? value[index] : value;
      if (typeof text !== 'string' || text === field.value) continue;
      field.value = text;
      changed = true;
    }
  }
  if (changed) form.dispatchEvent(new Event('change'));
  return changed;
}

/** @param {string} key @returns {Draft | null} */
function read(key) {
  try {
    const draft = JSON.parse(storage.get(key) || 'null');
    return draft && typeof draft.values === 'object' ? draft : null;
  } catch {
    return null;
  }
}

/** Drafts older than a week, and those a later page calls done. */
export function tidyDrafts() {
  const done = /** @type {HTMLElement[]} */ (all('[data-draft-done]')).map((element) => DRAFT + words(element, 'draftDone'));
  for (const key of storage.keys()) {
    if (!key.startsWith(DRAFT)) continue;
    const draft = read(key);
    if (done.includes(key) || !draft || Date.now() - draft.at > KEEP_DAYS * 86400e3) storage.remove(key);
  }
}
