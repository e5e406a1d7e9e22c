// The talk: what was said in its order, what is on its way, how far the others have read.

import { fill, say, storage } from '../dom.js';
import { DRAFT } from '../form.js';
import { el } from './draw.js';
import { MessageView } from './messages.js';

/** @typedef {import('./protocol.js').Message} Message */

const PATIENTS = ['patient', 'helper'];
/** Silence after which the hour is shown again. */
const PAUSE_MS = 5 * 60000;
const NEAR_PX = 120;

export class Chat {
  /**
   * @param {HTMLElement} root
   * @param {import('./protocol.js').RoomSocket} socket
   * @param {import('./mount.js').RoomOptions} options
   * @param {import('./draw.js').Icons} icons
   */
  constructor(root, socket, options, icons) {
    this.root = root;
    this.socket = socket;
    this.options = options;
    this.texts = options.texts;
    this.log = /** @type {HTMLElement} */ (root.querySelector('[data-room-log]'));
    this.scroller = /** @type {HTMLElement} */ (this.log.closest('[data-room-scroll]') || this.log);
    this.news = /** @type {HTMLButtonElement | null} */ (root.querySelector('[data-room-news]'));
    this.spoken = root.querySelector('[data-room-said]');
    this.field = /** @type {HTMLTextAreaElement} */ (root.querySelector('[data-room-text]'));
    this.form = /** @type {HTMLFormElement} */ (root.querySelector('[data-room-composer]'));
    this.icons = icons;
    /** @type {import('./protocol.js').Seat} */
    this.seat = { account: options.me, role: options.role, name: '' };
    this.view = new MessageView({ root, texts: this.texts, lang: options.lang, filesUrl: options.files_url, icons, me: () => this.seat });
    /** @type {{seq: number, receipt: Element}[]} own lines, by number */
    this.mine = [];
    /** @type {Record<string, number>} */
    this.reads = {};
    this.lastAt = 0;
    this.lastSeq = 0;
    this.told = 0;
    /** The server drew the talk already; ours takes its place in one piece. */
    this.fresh = /** @type {DocumentFragment | null} */ (document.createDocumentFragment());
    this.pending = el('ol.chat.chat-pending', { 'aria-label': this.texts.sending });
    this.log.after(this.pending);
    this.wire();
    for (const waiting of socket.outbox.all()) this.showWaiting(waiting);
    this.draft();
  }

  wire() {
    const { socket } = this;
    socket.on('welcome', (welcome) => {
      this.seat = welcome.seat;
      this.reads = welcome.reads || {};
      if (!welcome.last) this.settle();
    });
    socket.on('message', (message) => this.add(message));
    socket.on('messages', () => this.settle());
    socket.on('said', ({ client_id }) => this.arrived(client_id));
    socket.on('unsaid', ({ client_id, id, detail }) => this.refused(client_id, id, detail));
    socket.on('reads', (reads) => {
      this.reads = { ...this.reads, ...reads };
      this.receipts();
    });
    socket.on('state', () => this.receiptsOfWaiting());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener('input', () => {
      this.grow();
      this.keepDraft();
    });
    this.field.addEventListener('keydown', (event) => {
      // On a phone the key is for a new line; the button sends.
      const desk = window.matchMedia('(hover: hover) and (pointer: fine)').matches;
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && desk) {
        event.preventDefault();
        this.send();
      }
    });
    this.scroller.addEventListener('scroll', () => this.seen(), { passive: true });
    document.addEventListener('visibilitychange', () => this.seen());
    window.addEventListener('focus', () => this.seen());
    if (this.news) this.news.addEventListener('click', () => this.toEnd());
  }

  // ---- saying

  send() {
    const text = this.field.value.trim();
    if (!text || this.field.disabled) return;
    this.say({ kind: 'text', text });
    this.field.value = '';
    this.grow();
    storage.remove(this.draftKey());
    this.field.focus();
  }

  /** @param {{kind: 'text' | 'quick' | 'file', text?: string, file?: string}} what @param {import('./protocol.js').RoomFile} [file] to be shown meanwhile */
  say(what, file) {
    const id = this.socket.say(what);
    const waiting = this.socket.outbox.get(id);
    if (waiting) this.showWaiting(waiting, file);
    this.toEnd();
  }

  /** @param {import('./outbox.js').Waiting} waiting @param {import('./protocol.js').RoomFile} [file] */
  showWaiting(waiting, file) {
    const shown = file || (waiting.file ? { id: waiting.file, kind: 'document', name: this.texts.document } : null);
    const line = this.view.said({ ...waiting, file: shown }, null);
    this.pending.append(line);
    this.receiptOf(line, waiting);
  }

  /** @param {HTMLElement} line @param {import('./outbox.js').Waiting} waiting */
  receiptOf(line, waiting) {
    const receipt = line.querySelector('.rcpt');
    if (!receipt) return;
    if (!waiting.refused) {
      receipt.replaceChildren(this.socket.state.name === 'open' || this.socket.state.name === 'connecting' ? this.texts.sending : this.texts.waiting_network);
      return;
    }
    const again = el('button.btn.btn-s.btn-o', { type: 'button', text: this.texts.send_again });
    const drop = el('button.btn.btn-s.btn-g', { type: 'button', text: this.texts.discard });
    again.addEventListener('click', () => {
      this.socket.sayAgain(waiting.client_id);
      this.receiptsOfWaiting();
    });
    drop.addEventListener('click', () => {
      this.socket.forget(waiting.client_id);
      line.remove();
    });
    receipt.replaceChildren(el('span.alarmed', { text: this.texts.not_sent }), again, drop);
  }

  receiptsOfWaiting() {
    for (const waiting of this.socket.outbox.all()) {
      const line = this.waitingLine(waiting.client_id);
      if (line) this.receiptOf(line, waiting);
    }
  }

  /** @param {string} clientId */
  waitingLine(clientId) {
    return /** @type {HTMLElement | null} */ (this.pending.querySelector(`[data-client="${clientId}"]`));
  }

  /** @param {string} clientId */
  arrived(clientId) {
    const line = this.waitingLine(clientId);
    const receipt = line && line.querySelector('.rcpt');
    if (receipt) receipt.textContent = this.texts.delivered;
  }

  /** @param {string} clientId @param {string} id @param {string} detail */
  refused(clientId, id, detail) {
    this.receiptsOfWaiting();
    say(this.spoken, detail || this.texts.errors[id] || this.texts.not_sent);
  }

  // ---- hearing

  /** @param {Message} message */
  add(message) {
    const into = this.fresh || this.log;
    const at = Date.parse(message.at);
    if (at - this.lastAt > PAUSE_MS) into.append(this.view.time(message.at, this.socket.now()));
    this.lastAt = Math.max(at, this.lastAt);
    this.lastSeq = message.seq;
    const line = this.view.line(message);
    line.dataset.seq = String(message.seq);
    const waited = message.client_id ? this.waitingLine(message.client_id) : null;
    if (waited) waited.remove();
    const near = this.isNearEnd();
    this.fold(into, line);
    into.append(line);
    const receipt = line.querySelector('.rcpt');
    if (receipt) this.mine.push({ seq: message.seq, receipt });
    if (this.fresh) return;
    this.receipts();
    if (near || this.view.isMine(message)) this.toEnd();
    else if (this.news && message.kind !== 'system') this.news.hidden = false;
    if (!this.view.isMine(message)) this.announce(message);
  }

  /** What a sheet was before is one line: only its last card asks for something. @param {ParentNode} into @param {HTMLElement} line */
  fold(into, line) {
    const sheet = (/** @type {Element} */ card) => card.getAttribute('data-prescription');
    const card = line.querySelector('[data-prescription]');
    if (!card) return;
    for (const before of into.querySelectorAll('[data-prescription]')) {
      if (sheet(before) === sheet(card)) before.classList.add('rxcard-past');
    }
  }

  /** A page of messages is through. */
  settle() {
    if (!this.fresh || this.socket.have < this.socket.last) return;
    this.log.replaceChildren(this.fresh);
    this.fresh = null;
    this.receipts();
    this.toEnd();
    this.seen();
  }

  /** @param {Message} message */
  announce(message) {
    if (message.kind === 'system') {
      const line = this.log.querySelector(`[data-seq="${message.seq}"]`);
      say(this.spoken, (line && line.textContent) || '');
    } else if (message.author) {
      say(this.spoken, fill(this.texts.wrote, { name: message.author.name, text: message.text || this.texts.a_file }));
    }
    this.seen();
  }

  receipts() {
    const me = PATIENTS.includes(this.seat.role);
    let read = 0;
    for (const [role, seq] of Object.entries(this.reads)) if (PATIENTS.includes(role) !== me) read = Math.max(read, seq);
    for (const { seq, receipt } of this.mine) {
      const words = seq <= read ? this.texts.read : this.texts.delivered;
      if (receipt.textContent !== words) receipt.textContent = words;
    }
  }

  /** Tell how far we have read, once it was really on the screen. */
  seen() {
    if (this.fresh || document.visibilityState === 'hidden' || !this.isNearEnd()) return;
    if (this.news) this.news.hidden = true;
    if (this.lastSeq > this.told && this.socket.isOpen) {
      this.told = this.lastSeq;
      this.socket.read(this.lastSeq);
    }
  }

  isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    if (this.news) this.news.hidden = true;
    this.seen();
  }

  // ---- the field

  /** @param {boolean} may @param {string} why shown instead */
  allow(may, why) {
    this.field.disabled = !may;
    if (!may) this.field.placeholder = why;
    else this.field.placeholder = this.texts.placeholder;
    const hidden = this.form.dataset.over !== undefined;
    this.form.hidden = hidden;
  }

  grow() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 160)}px`;
  }

  draftKey() {
    return `${DRAFT}room-text:${this.options.room}:${this.options.me}`;
  }

  keepDraft() {
    const text = this.field.value;
    if (text) storage.set(this.draftKey(), JSON.stringify({ at: Date.now(), values: { text } }));
    else storage.remove(this.draftKey());
  }

  draft() {
    if (this.field.value) return;
    try {
      const kept = JSON.parse(storage.get(this.draftKey()) || 'null');
      if (kept && kept.values) this.field.value = String(kept.values.text || '');
    } catch {
      storage.remove(this.draftKey());
    }
    this.grow();
  }
}
