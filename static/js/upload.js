// Files go straight to where they are kept, in three steps:
//   1  POST data-upload-url {kind, filename, content_type, size}
//        → {id, method: "PUT" | "POST", url, headers, fields, finish_url}
//   2  PUT the bytes with headers, or POST a form of fields and then the file
//   3  POST finish_url → {id, state, thumbnail_url | null, problem | null, [remove_url]}
// A finished file leaves its id in a hidden field called data-name. Markup: macros/form.html, upload().

import { call, Problem } from './api.js';
import { all, one, say, words } from './dom.js';
import { look } from './photo.js';

/** @typedef {{id: string, method: string, url: string, headers?: Record<string, string>, fields?: Record<string, string>, finish_url: string}} Grant */
/** @typedef {{id: string, state: string, thumbnail_url?: string | null, problem?: string | null, remove_url?: string}} Finished */

/** @param {HTMLElement} box */
export function uploads(box) {
  const input = /** @type {HTMLInputElement | null} */ (one('input[type="file"]', box));
  const list = one('[data-upload-list]', box);
  if (!input || !list) return;
  // From here on the files travel by themselves; the form must not send them a second time.
  input.removeAttribute('name');
  for (const item of /** @type {HTMLElement[]} */ (all('[data-upload-item]', box))) adopt(box, item);
  settle(box);

  input.addEventListener('change', () => {
    const files = Array.from(input.files || []);
    input.value = '';
    for (const file of files) accept(box, file);
  });
}

/** @param {HTMLElement} box @param {File} file */
function accept(box, file) {
  if (room(box) <= 0) {
    say(one('[data-upload-said]', box), words(box, 'sayTooMany'));
    return;
  }
  const item = draw(box, file);
  if (file.size > Number(box.dataset.maxBytes || Infinity)) {
    failed(box, item, words(box, 'sayTooBig'));
    return;
  }
  send(box, item, file);
}

/** @param {HTMLElement} box @param {File} file @returns {HTMLElement} */
function draw(box, file) {
  const template = /** @type {HTMLTemplateElement} */ (one('template[data-upload-template]', box));
  const item = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  const name = one('[data-upload-name]', item);
  if (name) name.textContent = file.name;
  const remove = one('[data-upload-remove]', item);
  if (remove) remove.setAttribute('aria-label', `${remove.getAttribute('aria-label')} ${file.name}`);
  /** @type {Element} */ (one('[data-upload-add]', box)).before(item);
  adopt(box, item);
  settle(box);
  return item;
}

/** @param {HTMLElement} box @param {HTMLElement} item */
function adopt(box, item) {
  const button = /** @type {HTMLElement | null} */ (one('[data-upload-remove]', item));
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    const url = item.dataset.removeUrl;
    // The form no longer names the file, which is what counts; the server sweeps what nobody names.
    if (url) call('DELETE', url).catch(() => undefined);
    item.dispatchEvent(new Event('abandon'));
    item.remove();
    settle(box);
    say(one('[data-upload-said]', box), words(box, 'sayRemoved'));
    changed(box);
    /** @type {HTMLElement | null} */ (one('input[type="file"]', box))?.focus();
  });
}

/** @param {HTMLElement} box @param {HTMLElement} item @param {File} file */
async function send(box, item, file) {
  const progress = /** @type {HTMLProgressElement | null} */ (one('progress', item));
  const note = one('[data-upload-note]', item);
  item.dataset.state = 'sending';
  if (note) note.textContent = words(box, 'saySending');
  const looking = look(file);
  looking.then((seen) => preview(item, seen.url, file.name)).catch(() => undefined);
  try {
    const grant = /** @type {Grant} */ (
      await call('POST', words(box, 'uploadUrl'), {
        kind: words(box, 'kind'),
        filename: file.name,
        content_type: file.type || 'application/octet-stream',
        size: file.size,
      })
    );
    await carry(grant, file, item, (share) => progress && (progress.value = share * 100));
    if (note) note.textContent = words(box, 'sayChecking');
    const finished = /** @type {Finished} */ (await call('POST', grant.finish_url, {}));
    if (finished.problem) throw new Problem(422, { detail: finished.problem });
    const seen = await looking.catch(() => null);
    done(box, item, finished, file, seen && (seen.dark ? 'sayDark' : seen.blurred ? 'sayBlurred' : ''));
  } catch (error) {
    if (!item.isConnected) return;
    const problem = error instanceof Problem ? error : new Problem(0, {});
    failed(box, item, problem.message || words(box, 'sayFailed'), problem.passing ? () => send(box, item, file) : null);
  }
}

/**
 * XMLHttpRequest, because fetch cannot tell how much has been sent.
 * @param {Grant} grant
 * @param {File} file
 * @param {EventTarget} item an `abandon` event on it ends the sending
 * @param {(share: number) => void} tell
 * @returns {Promise<void>}
 */
export function carry(grant, file, item, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(grant.method, grant.url);
    for (const [name, value] of Object.entries(grant.headers || {})) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => event.lengthComputable && tell(event.loaded / event.total));
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Problem(request.status, problemOf(request)));
    });
    request.addEventListener('error', () => reject(new Problem(0, {})));
    request.addEventListener('abort', () => reject(new Problem(0, {})));
    item.addEventListener('abandon', () => request.abort(), { once: true });
    request.send(grant.method.toUpperCase() === 'POST' ? multipart(grant, file) : file);
  });
}

/** @param {Grant} grant @param {File} file */
function multipart(grant, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(grant.fields || {})) form.append(name, value);
  form.append('file', file); // S3 ignores every field after the file
  return form;
}

/** @param {XMLHttpRequest} request */
function problemOf(request) {
  if (!/[/+]json\b/.test(request.getResponseHeader('Content-Type') || '')) return {};
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

/** @param {HTMLElement} box @param {HTMLElement} item @param {Finished} finished @param {File} file @param {string | null} hint */
function done(box, item, finished, file, hint) {
  one('progress', item)?.remove();
  const id = document.createElement('input');
  id.type = 'hidden';
  id.name = words(box, 'name');
  id.value = finished.id;
  id.dataset.many = '';
  item.append(id);
  if (finished.remove_url) item.dataset.removeUrl = finished.remove_url;
  if (finished.thumbnail_url) preview(item, finished.thumbnail_url, file.name);
  item.dataset.state = hint ? 'hint' : 'done';
  const note = one('[data-upload-note]', item);
  if (note) note.textContent = hint ? words(box, hint) : words(box, 'sayDone');
  say(one('[data-upload-said]', box), `${file.name} ${hint ? words(box, hint) : words(box, 'sayDone')}`);
  changed(box);
}

/** @param {HTMLElement} box @param {HTMLElement} item @param {string} sentence @param {(() => void) | null} [again] */
function failed(box, item, sentence, again = null) {
  item.dataset.state = 'failed';
  const note = one('[data-upload-note]', item);
  if (note) note.textContent = sentence;
  say(one('[data-upload-said]', box), sentence);
  const progress = /** @type {HTMLProgressElement | null} */ (one('progress', item));
  if (progress) progress.hidden = true;
  const retry = /** @type {HTMLElement | null} */ (one('[data-upload-retry]', item));
  if (!retry || !again) return;
  retry.hidden = false;
  // The line comes back before the person does: go on by itself, once.
  window.addEventListener('online', () => retry.isConnected && !retry.hidden && retry.click(), { once: true });
  retry.addEventListener(
    'click',
    () => {
      retry.hidden = true;
      if (progress) progress.hidden = false;
      again();
    },
    { once: true },
  );
}

/** @param {HTMLElement} item @param {string} url @param {string} name */
function preview(item, url, name) {
  const frame = one('.pic', item);
  if (!url || !frame) return;
  const image = document.createElement('img');
  image.alt = name;
  image.src = url;
  image.addEventListener('load', () => {
    one('img', frame)?.remove();
    const file = /** @type {HTMLElement | null} */ (one('.file', frame));
    if (file) file.hidden = true;
    frame.prepend(image);
    if (url.startsWith('blob:')) URL.revokeObjectURL(url);
  });
}

/** @param {HTMLElement} box how many more files may come */
function room(box) {
  return Number(box.dataset.max || 1) - all('[data-upload-item]', box).length;
}

/** @param {HTMLElement} box */
function settle(box) {
  const add = /** @type {HTMLElement | null} */ (one('[data-upload-add]', box));
  if (add) add.hidden = room(box) <= 0;
}

/** The list of ids is part of the draft. @param {HTMLElement} box */
function changed(box) {
  box.dispatchEvent(new Event('change', { bubbles: true }));
}
