// Photos, documents and voice messages on their way: offered, carried, checked, then said.

import { call as request, Problem } from '../api.js';
import { say } from '../dom.js';
import { Abandoned, deliver, Underway } from '../sending.js';
import { el, size } from './draw.js';
import { canRecord, Voice } from './voice.js';

const HOLD_MS = 350;
const CANCEL_PX = 60;

export class Files {
  /**
   * @param {HTMLElement} root
   * @param {import('./chat.js').Chat} chat
   * @param {import('./mount.js').RoomOptions} options
   */
  constructor(root, chat, options) {
    this.root = root;
    this.chat = chat;
    this.options = options;
    this.texts = options.texts;
    this.said = root.querySelector('[data-room-said]');
    this.underway = new Underway(`room:${options.room}:${options.me}`);
    const input = /** @type {HTMLInputElement | null} */ (root.querySelector('[data-room-file]'));
    if (input) {
      input.addEventListener('change', () => {
        for (const file of Array.from(input.files || [])) this.send(file, file.type.startsWith('image/') ? 'photo' : 'document');
        input.value = '';
      });
    }
    this.wireVoice();
    this.leftBehind();
  }

  /** @param {File} file @param {'photo' | 'document' | 'voice'} kind */
  async send(file, kind) {
    const bar = /** @type {HTMLProgressElement} */ (el('progress', { max: 100, value: 0, 'aria-label': this.texts.uploading }));
    const said = el('span', { text: this.texts.uploading });
    const name = kind === 'voice' ? this.texts.voice : file.name;
    const line = this.line(name, size(file.size), bar);
    const cancel = el('button.btn.btn-s.btn-g', { type: 'button', text: this.texts.cancel });
    const again = /** @type {HTMLButtonElement} */ (el('button.btn.btn-s.btn-o', { type: 'button', text: this.texts.send_again, hidden: true }));
    const note = el('span.rcpt', {}, [said, again, cancel]);
    line.append(note);
    this.chat.toEnd();
    cancel.addEventListener('click', () => {
      line.dispatchEvent(new Event('abandon'));
      line.remove();
    });
    again.addEventListener('click', () => line.dispatchEvent(new Event('again')));
    const isOver = this.underway.began(name);
    try {
      const done = await deliver({
        file,
        item: line,
        offer: () =>
          request('POST', `${this.options.api_url}/files`, {
            kind, filename: file.name, content_type: (file.type || 'application/octet-stream').split(';')[0], size: file.size,
          }),
        tell: (share) => (bar.value = share * 100),
        at: (stage, isResting) => {
          const words = { sending: this.texts.uploading, checking: this.texts.checking, waiting: isResting ? this.texts.upload_failed : this.texts.upload_waiting }[stage];
          if (stage === 'waiting' && again.hidden) say(this.said, words);
          said.textContent = words;
          const isNew = again.hidden && stage === 'waiting';
          again.hidden = stage !== 'waiting';
          if (isNew) this.chat.toEnd();
        },
      });
      line.remove();
      this.chat.say({ kind: 'file', file: done.id }, { ...done, kind, name: done.name || file.name });
    } catch (error) {
      if (!(error instanceof Abandoned)) this.failed(line, note, (error instanceof Problem && error.message) || this.texts.upload_failed);
    } finally {
      isOver();
    }
  }

  /** @param {string} name @param {string} about @param {HTMLElement | null} bar */
  line(name, about, bar) {
    const label = el('div.bub.doc', {}, [el('span', {}, [el('b', { text: name }), el('small', { text: about }), bar])]);
    const line = el('li.msg.msg-me.uploading', {}, [el('div.msg-body', {}, [label])]);
    this.chat.pending.append(line);
    this.chat.toEnd();
    return line;
  }

  /** Another try would not mend it. @param {HTMLElement} line @param {HTMLElement} note @param {string} words @param {() => void} [told] */
  failed(line, note, words, told) {
    const drop = el('button.btn.btn-s.btn-g', { type: 'button', text: this.texts.discard });
    drop.addEventListener('click', () => {
      if (told) told();
      line.remove();
    });
    note.replaceChildren(el('span.alarmed', { text: words }), drop);
    this.chat.toEnd();
    say(this.said, words);
  }

  /** The page was left while they were on their way. */
  leftBehind() {
    for (const name of [...this.underway.left]) {
      const line = this.line(name, '', null);
      const note = el('span.rcpt');
      line.append(note);
      this.failed(line, note, this.texts.upload_unfinished, () => this.underway.told(name));
    }
  }

  wireVoice() {
    const button = /** @type {HTMLButtonElement | null} */ (this.root.querySelector('[data-room-voice]'));
    const bar = /** @type {HTMLElement | null} */ (this.root.querySelector('[data-room-recording]'));
    if (!button || !bar) return;
    if (!canRecord()) {
      button.hidden = true;
      return;
    }
    const voice = new Voice();
    const clock = bar.querySelector('[data-recording-time]');
    /** What the finger is doing: began one, ended one, holds it. @type {'' | 'first' | 'second' | 'done'} */
    let press = '';
    let since = 0;
    let from = 0;
    voice.on('start', () => {
      bar.hidden = false;
      button.setAttribute('aria-pressed', 'true');
    });
    voice.on('tick', (seconds) => clock && (clock.textContent = `${Math.floor(seconds)}″`));
    voice.on('end', () => {
      bar.hidden = true;
      button.setAttribute('aria-pressed', 'false');
    });
    voice.on('trouble', (why) => say(this.said, why === 'short' ? this.texts.voice_short : this.texts.trouble_audio[why] || this.texts.trouble_audio.failed));
    voice.on('trouble', (why) => this.chat.root.dispatchEvent(new CustomEvent('room-trouble', { detail: { kind: 'audio', why } })));
    voice.on('voice', (file) => this.send(file, 'voice'));
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      press = voice.isOn ? 'second' : 'first';
      since = Date.now();
      from = event.clientY;
      if (press === 'second') return;
      try {
        button.setPointerCapture(event.pointerId);
      } catch {
        // then letting go elsewhere leaves it running, and its own buttons end it
      }
      voice.start();
    });
    button.addEventListener('pointerup', (event) => {
      if (press !== 'first' || Date.now() - since < HOLD_MS) return;
      press = 'done';
      if (from - event.clientY > CANCEL_PX) voice.cancel();
      else voice.finish();
    });
    button.addEventListener('contextmenu', (event) => event.preventDefault());
    button.addEventListener('click', () => {
      const was = press;
      press = '';
      // A short tap leaves it running until the next; from the keyboard there is no pointer.
      if (was === 'second') voice.finish();
      else if (was === '' && voice.isOn) voice.finish();
      else if (was === '') voice.start();
    });
    const keep = bar.querySelector('[data-recording-send]');
    const drop = bar.querySelector('[data-recording-cancel]');
    if (keep) keep.addEventListener('click', () => voice.finish());
    if (drop) drop.addEventListener('click', () => voice.cancel());
  }
}
