// Files go straight to where they are kept, in three steps:
//   1  POST data-upload-url {kind, filename, content_type, size} → a place
//   2  the bytes go there
//   3  POST its finish_url → {id, state, thumbnail_url | null, problem | null, [remove_url]}
// How they survive a lost network stands in sending.js. A form with a file on its way is not sent.
// A finished file leaves its id in a hidden field called data-name. Markup: macros/form.html, upload().

import { call, Problem } from './api.js';
import { all, one, say, words } from './dom.js';
import { look } from './photo.js';
import { Abandoned, deliver, Underway } from './sending.js';

/** @typedef {{id: string, state: string, thumbnail_url?: string | null, problem?: string | null, remove_url?: string}} Finished */

/** @type {WeakMap<HTMLElement, Underway>} */
const underway = new WeakMap();

/** @param {HTMLElement} box */
export function uploads(box) {
  const input = /** @type {HTMLInputElement | null} */ (one('input[type="file"]', box));
  const list = one('[data-upload-list]', box);
  if (!input || !list) return;
  // From here on the files travel by themselves; the form must not send them a second time.
  input.removeAttribute('name');
  for (const item of /** @type {HTMLElement[]} */ (all('[data-upload-item]', box))) adopt(box, item);
  settle(box);
  leftBehind(box);
  holdForm(box);

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
  const item = draw(box, file.name);
  if (file.size > Number(box.dataset.maxBytes || Infinity)) {
    failed(box, item, words(box, 'sayTooBig'));
    return;
  }
  send(box, item, file);
}

/** @param {HTMLElement} box @param {string} filename @returns {HTMLElement} */
function draw(box, filename) {
  const template = /** @type {HTMLTemplateElement} */ (one('template[data-upload-template]', box));
  const item = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  const name = one('[data-upload-name]', item);
  if (name) name.textContent = filename;
  const remove = one('[data-upload-remove]', item);
  if (remove) remove.setAttribute('aria-label', `${remove.getAttribute('aria-label')} ${filename}`);
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
  const retry = /** @type {HTMLElement | null} */ (one('[data-upload-retry]', item));
  const isOver = underway.get(box)?.began(file.name);
  const looking = look(file);
  looking.then((seen) => preview(item, seen.url, file.name)).catch(() => undefined);
  if (retry) retry.addEventListener('click', () => item.dispatchEvent(new Event('again')));
  try {
    const finished = /** @type {Finished} */ (
      await deliver({
        file,
        item,
        offer: () =>
          call('POST', words(box, 'uploadUrl'), {
            kind: words(box, 'kind'),
            filename: file.name,
            content_type: file.type || 'application/octet-stream',
            size: file.size,
          }),
        tell: (share) => progress && (progress.value = share * 100),
        at: (stage, isResting) => {
          const said = words(box, { sending: 'saySending', checking: 'sayChecking', waiting: isResting ? 'sayFailed' : 'sayWaiting' }[stage]);
          const before = item.dataset.state;
          item.dataset.state = stage === 'waiting' ? 'waiting' : 'sending';
          if (note && !('held' in item.dataset)) note.textContent = said;
          if (retry) retry.hidden = stage !== 'waiting';
          if (stage === 'waiting' && before !== 'waiting') say(one('[data-upload-said]', box), `${file.name} ${said}`);
        },
        withdraw: (unwanted) => {
          if (unwanted.remove_url) call('DELETE', unwanted.remove_url).catch(() => undefined);
        },
      })
    );
    const seen = await looking.catch(() => null);
    done(box, item, finished, file, seen && (seen.dark ? 'sayDark' : seen.blurred ? 'sayBlurred' : ''));
  } catch (error) {
    if (!(error instanceof Abandoned)) failed(box, item, (error instanceof Problem && error.message) || words(box, 'sayFailed'));
  } finally {
    if (isOver) isOver();
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

/** Another try would not mend it. @param {HTMLElement} box @param {HTMLElement} item @param {string} sentence */
function failed(box, item, sentence) {
  item.dataset.state = 'failed';
  const note = one('[data-upload-note]', item);
  if (note) note.textContent = sentence;
  say(one('[data-upload-said]', box), sentence);
  one('progress', item)?.remove();
  const retry = /** @type {HTMLElement | null} */ (one('[data-upload-retry]', item));
  if (retry) retry.hidden = true;
}

/** The page was left while files were on their way: what finished is in the list, these are not. @param {HTMLElement} box */
function leftBehind(box) {
  const files = new Underway(`${words(box, 'uploadUrl')} ${words(box, 'name')}`);
  underway.set(box, files);
  for (const name of [...files.left]) {
    const item = draw(box, name);
    item.addEventListener('abandon', () => files.told(name));
    failed(box, item, words(box, 'sayUnfinished'));
  }
}

/** A form sent now would go without the file. @param {HTMLElement} box */
function holdForm(box) {
  const form = box.closest('form');
  if (!form) return;
  // Before net.js is asked, which holds every form while the network is gone and knows of no file.
  window.addEventListener(
    'submit',
    (event) => {
      const sending = /** @type {HTMLElement | null} */ (one('[data-state="sending"], [data-state="waiting"]', box));
      if (event.target !== form || !sending) return;
      event.preventDefault();
      event.stopPropagation();
      say(one('[data-upload-said]', box), words(box, 'sayHold'));
      // It stays until the file is there: the next try would write over it.
      sending.dataset.held = '';
      const note = one('[data-upload-note]', sending);
      if (note) note.textContent = words(box, 'sayHold');
      sending.scrollIntoView({ block: 'center' });
    },
    true,
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

/** @param {HTMLElement} box how many more files may come; what failed takes no place */
function room(box) {
  return Number(box.dataset.max || 1) - all('[data-upload-item]:not([data-state="failed"])', box).length;
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
