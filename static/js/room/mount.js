// Puts a room into an element of a page: the patient's own page, or the middle of a doctor's desk.

import { call as request } from '../api.js';
import { fill } from '../dom.js';
import { CallController } from './call.js';
import { Chat } from './chat.js';
import { Controls } from './controls.js';
import { Devices } from './devices.js';
import { clockOf, el, Icons } from './draw.js';
import { Files } from './files.js';
import { RoomSocket } from './protocol.js';
import { closeSheet, openSheet } from './sheet.js';

/**
 * What the page says about itself, as `<script type="application/json" id="room">`; `me` is the account.
 * @typedef {{
 *   room: string, me: string, role: string, lang: string, ticket_url: string, messages_url: string, files_url: string,
 *   api_url: string, names: {other: string}, record_notice?: boolean, texts: Record<string, any>,
 *   policy?: RTCIceTransportPolicy,
 * }} RoomOptions
 */
/** @typedef {import('./protocol.js').RoomView & Record<string, any>} View */


/**
 * @param {HTMLElement} root holds what `_room.html` draws
 * @param {RoomOptions} options
 */
export function mountRoom(root, options) {
  const room = new Room(root, options);
  room.start();
  return room;
}

/** Reads the options that came with the page. @param {string} [id] @returns {RoomOptions | null} */
export function optionsOf(id = 'room') {
  const script = document.getElementById(id);
  try {
    return script ? JSON.parse(script.textContent || 'null') : null;
  } catch {
    return null;
  }
}

export class Room {
  /** @param {HTMLElement} root @param {RoomOptions} options */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.texts = options.texts;
    this.short = options.lang.split('-')[0];
    this.clock = clockOf(options.lang);
    this.socket = new RoomSocket({
      room: options.room, me: options.me, ticketUrl: options.ticket_url, messagesUrl: options.messages_url,
    });
    this.devices = new Devices();
    this.chat = new Chat(root, this.socket, options, new Icons(root));
    this.files = new Files(root, this.chat, options);
    this.calls = new CallController(this.socket, this.devices, { policy: options.policy });
    this.controls = new Controls(root, this.calls, this.devices, options);
    /** @type {import('./check.js').DeviceCheck | null} */
    this.check = null;
    /** @type {View | null} */
    this.view = null;
    /** @type {import('./protocol.js').Peer[]} */
    this.peers = [];
    this.wasOpen = false;
    this.wire();
  }

  start() {
    this.root.classList.add('room-live');
    this.socket.start();
    this.fit();
  }

  destroy() {
    this.socket.stop();
    this.calls.destroy();
    this.controls.destroy();
    if (this.check) this.check.destroy();
    this.devices.destroy();
  }

  wire() {
    const { socket } = this;
    socket.on('state', (state) => this.network(state));
    socket.on('welcome', (welcome) => {
      this.peers = welcome.peers || [];
      this.show(welcome.room);
    });
    socket.on('room', (view) => this.show(view));
    socket.on('peers', (peers) => {
      this.peers = peers;
      if (this.view) this.show(this.view);
    });
    socket.on('alert', (alert) => this.emergency(alert.card || {}));
    for (const button of this.buttons('[data-open-check]')) button.addEventListener('click', () => this.checkDevices());
    const worse = this.root.querySelector('[data-room-worse]');
    if (worse) worse.addEventListener('submit', (event) => this.feelWorse(event));
    for (const button of this.buttons('[data-consent]')) button.addEventListener('click', (event) => this.consent(event, button.dataset.consent === 'yes'));
    const notice = this.root.querySelector('[data-room-notice] button');
    if (notice) notice.addEventListener('click', () => (this.part('[data-room-notice]').hidden = true));
    this.root.addEventListener('room-trouble', (event) => {
      const { kind, why } = /** @type {CustomEvent} */ (event).detail;
      const words = why === 'short' ? this.texts.voice_short : this.texts[`trouble_${kind}`][why] || this.texts.trouble_audio.failed;
      this.controls.notice(words);
    });
  }

  /** Fetched when somebody asks for it: most visits never do. */
  async checkDevices() {
    const { DeviceCheck } = await import('./check.js');
    this.check = this.check || new DeviceCheck(this.root, this.socket, this.options, () => this.calls.amIn());
    this.check.open();
  }

  /** @param {string} selector @returns {HTMLElement[]} */
  buttons(selector) {
    return Array.from(this.root.querySelectorAll(selector));
  }

  /** @param {string} selector @returns {HTMLElement} */
  part(selector) {
    return this.root.querySelector(selector) || el('div');
  }

  // ---- the room's state

  /** In the reader's language. @param {any} said @returns {string} */
  words(said) {
    if (!said) return '';
    return typeof said === 'string' ? said : said[this.short] || said.zh || '';
  }

  /** @param {View} given */
  show(given) {
    // A short `room` frame leaves what it does not name as it was.
    const view = /** @type {View} */ ({ ...(this.view || {}), ...given });
    this.view = view;
    const can = view.can || { write: false, call: false, record: false };
    this.root.dataset.roomState = view.state;
    this.set('[data-room-words]', this.words(view.words));
    this.set('[data-room-promise]', this.words(view.promise));
    this.set('[data-room-next]', this.words(view.next));
    this.set('[data-room-position]', view.position ? fill(this.texts.position, { n: view.position - 1 }) : '', view.position === 1 ? this.texts.position_first : '');
    this.set('[data-room-expected]', view.expected ? fill(this.texts.expected, { time: this.words(view.expected) }) : '');
    this.doctor(view);
    const over = view.state === 'concluded' || view.state === 'closed';
    this.part('[data-room-over]').hidden = !over;
    // What the doctor advised, and what comes back, the server draws.
    if (over && this.wasOpen && this.part('[data-room-over]').dataset.reload !== undefined) setTimeout(() => location.reload(), 1500);
    this.wasOpen = !over;
    this.part('[data-room-composer]').toggleAttribute('data-over', over);
    this.chat.allow(can.write, over ? this.texts.over : this.texts.not_yet);
    const mayStart = can.call && ['patient', 'doctor'].includes(this.options.role);
    for (const button of this.buttons('[data-call="start-audio"], [data-call="start-video"]')) {
      button.toggleAttribute('disabled', !mayStart);
      button.title = mayStart ? '' : this.texts.refusals[view.call_refusal] || '';
    }
    this.set('[data-room-call-refusal]', can.call || over ? '' : this.texts.refusals[view.call_refusal] || '');
    this.askConsent(view);
    this.root.dispatchEvent(new CustomEvent('room-view', { detail: view }));
  }

  /** @param {string} selector @param {string} words @param {string} [instead] */
  set(selector, words, instead = '') {
    for (const part of this.buttons(selector)) {
      const inner = part.querySelector('[data-words]') || part;
      const said = instead || words;
      if (inner.textContent !== said) inner.textContent = said;
      part.hidden = !said;
    }
  }

  /** @param {View} view */
  doctor(view) {
    const dot = this.part('[data-room-doctor]');
    const online = Boolean(view.doctor && view.doctor.online) || this.peers.some((peer) => peer.role === 'doctor');
    dot.classList.toggle('is-online', online);
    const seen = view.doctor && view.doctor.last_seen;
    let words = this.texts.doctor_away;
    if (online) words = this.texts.doctor_here;
    else if (seen) words = fill(this.texts.doctor_seen, { time: this.clock.instant(seen, this.socket.now()) });
    this.set('[data-room-doctor-state]', words);
  }

  // ---- recording

  /** @param {View} view */
  askConsent(view) {
    const asked = view.consent && view.consent.asked;
    const over = view.state === 'concluded' || view.state === 'closed';
    const answer = view.consent && view.consent.answers ? view.consent.answers[this.options.role] : undefined;
    const mine = ['patient', 'doctor'].includes(this.options.role);
    const box = this.part('[data-room-consent]');
    box.hidden = !(asked && mine && !over && answer === undefined);
    const change = this.part('[data-room-consent-change]');
    change.hidden = !(asked && mine && !over && answer !== undefined);
    this.set('[data-room-consent-now]', answer === undefined ? '' : answer ? this.texts.consent.agreed : this.texts.consent.refused);
    this.options.record_notice = Boolean(asked && view.can && view.can.record);
  }

  /** @param {Event} event @param {boolean} agreed */
  async consent(event, agreed) {
    event.preventDefault();
    try {
      await request('POST', `${this.options.api_url}/recording-consent`, { agreed });
      const sheet = event.target instanceof Element ? event.target.closest('[role="dialog"]') : null;
      if (sheet instanceof HTMLElement) closeSheet(sheet);
      if (this.view) {
        const consent = this.view.consent || { asked: true, answers: {} };
        this.show({ ...this.view, consent: { ...consent, answers: { ...consent.answers, [this.options.role]: agreed } } });
      }
      this.controls.notice(agreed ? this.texts.consent.thanks : this.texts.consent.fine);
    } catch (error) {
      this.controls.notice((error instanceof Error && error.message) || this.texts.errors.unavailable);
    }
  }

  // ---- feeling worse

  /** The card stands before the alarm is out: it must not wait for a network. @param {Event} event */
  async feelWorse(event) {
    event.preventDefault();
    this.emergency({});
    try {
      const answer = await request('POST', `${this.options.api_url}/worsening`, {});
      if (answer && answer.card) this.emergency(answer.card);
      else if (answer && answer.numbers) this.emergency(answer);
    } catch (error) {
      this.set('[data-emergency-sent]', (error instanceof Error && error.message) || this.texts.worse_unsent);
    }
  }

  /** @param {{numbers?: string[], sentence?: any}} card */
  emergency(card) {
    const box = this.part('[data-room-emergency]');
    const sentence = this.words(card.sentence);
    if (sentence) this.set('[data-emergency-words]', sentence);
    const calls = box.querySelector('[data-emergency-calls]');
    if (calls && card.numbers && card.numbers.length) {
      calls.replaceChildren(...card.numbers.map((number) => el('a.call', { href: `tel:${number}` }, [new Icons(this.root).get('phone'), el('span', { text: fill(this.texts.dial, { number }) })])));
    }
    openSheet(box);
  }

  // ---- the network

  /** @param {import('./protocol.js').State} state */
  network(state) {
    let words = '';
    if (state.name === 'waiting') words = this.texts.net.waiting;
    else if (state.name === 'polling') words = this.texts.net.polling;
    else if (state.name === 'connecting' && this.socket.welcome) words = this.texts.net.waiting;
    else if (state.name === 'stopped') words = this.texts.net[state.reason] || '';
    this.root.dataset.net = state.name;
    this.set('[data-room-net]', words);
    const reload = this.part('[data-room-reload]');
    reload.hidden = !(state.name === 'stopped' && ['broken', 'outdated', 'elsewhere', 'signed_out'].includes(state.reason));
  }

  /** A keyboard on a phone covers the field instead of moving it. */
  fit() {
    const seen = window.visualViewport;
    const page = /** @type {HTMLElement | null} */ (this.root.closest('.room-page'));
    if (!seen || !page) return;
    const place = () => {
      const covered = Math.max(0, window.innerHeight - seen.height - seen.offsetTop);
      page.style.bottom = covered > 80 && seen.scale < 1.05 ? `${covered}px` : '';
      if (this.chat.isNearEnd()) this.chat.toEnd();
    };
    seen.addEventListener('resize', place);
    seen.addEventListener('scroll', place);
  }
}

