// How one line of the talk looks. Words come from people, dates from the hospital's clock; nothing is markup.

import { fill } from '../dom.js';
import { clockOf, el, minutes, size } from './draw.js';
import { closeSheet, openSheet } from './sheet.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').RoomFile} RoomFile */
/** @typedef {Record<string, any>} Texts */

const PATIENTS = ['patient', 'helper'];

export class MessageView {
  /**
   * @param {{root: HTMLElement, texts: Texts, lang: string, filesUrl: string, icons: import('./draw.js').Icons, me: () => {account: string, role: string} | null}} context
   */
  constructor(context) {
    this.context = context;
    this.texts = context.texts;
    this.clock = clockOf(context.lang);
    /** @type {HTMLAudioElement | null} */
    this.playing = null;
    this.zoom = /** @type {HTMLElement | null} */ (context.root.querySelector('[data-room-zoom]'));
  }

  /** @param {string} role */
  isMySide(role) {
    const me = this.context.me();
    return Boolean(me && PATIENTS.includes(role) === PATIENTS.includes(me.role));
  }

  /** @param {Message} message */
  isMine(message) {
    const me = this.context.me();
    return Boolean(me && message.author && message.author.account === me.account && message.author.role === me.role);
  }

  /** @param {Message} message @returns {HTMLElement} */
  line(message) {
    if (message.kind === 'system') return this.system(message);
    if (message.kind === 'card') return this.card(message);
    const mine = this.isMine(message);
    return this.said(message, mine ? null : message.author);
  }

  /**
   * @param {{kind: string, text: string, file: RoomFile | null, client_id: string}} what
   * @param {{role: string, name: string} | null} author null: this person
   */
  said(what, author) {
    const body = what.file ? this.file(what.file) : el('div.bub', { text: what.text });
    if (!author) return el('li.msg.msg-me', { 'data-client': what.client_id }, [el('div.msg-body', {}, [body]), el('span.rcpt')]);
    const label = this.texts.roles[author.role];
    const who = label ? el('div.who', { text: label === author.name || !author.name ? label : `${author.name} ${label}` }) : null;
    const face = el(author.role === 'doctor' ? 'span.av.av-s' : 'span.av.av-s.av-info', { 'aria-hidden': 'true', text: author.name.slice(0, 1) });
    const side = this.isMySide(author.role) ? 'li.msg.msg-side' : 'li.msg';
    return el(side, { 'data-client': what.client_id }, [face, el('div.msg-body', {}, [who, body])]);
  }

  /** @param {Message} message */
  system(message) {
    const { event, agreed } = message.facts;
    const code = message.facts.code || (agreed === true ? 'agreed' : agreed === false ? 'refused' : '');
    const words = this.texts.events[`${event}.${code}`] || this.texts.events[event] || '';
    const said = fill(words, this.values(message.facts));
    return el('li.sys', { hidden: !said, 'data-event': event, text: said });
  }

  /** Numbers of facts as words. @param {Record<string, any>} facts */
  values(facts) {
    /** @type {Record<string, string>} */
    const values = {};
    for (const [name, value] of Object.entries(facts)) {
      if (name === 'seconds') values.length = minutes(Number(value));
      values[name] = name === 'role' ? this.texts.roles_long[value] || String(value) : String(value);
    }
    return values;
  }

  /** What a feature above put in: its title, its lines, the way to it. @param {Message} message */
  card(message) {
    if (message.facts.event === 'prescription') return this.prescription(message);
    const { title, lines, href, label } = message.facts;
    const words = (/** @type {any} */ said) => (said && typeof said === 'object' ? said[this.context.lang.split('-')[0]] || said.zh || '' : String(said || ''));
    const own = typeof href === 'string' && /^\/(?![/\\])/.test(href);
    return el('li.msg', {}, [
      el('article.rxcard', {}, [
        el('header', {}, [this.context.icons.get('file-text'), words(title) || this.texts.events[message.facts.event] || '']),
        Array.isArray(lines) && lines.length ? el('ul.body', {}, lines.map((line) => el('li', { text: words(line) }))) : null,
        own ? el('footer', {}, [el('a', { href, text: words(label) || this.texts.open })]) : null,
      ]),
    ]);
  }

  /** A sheet and what became of it; each side has a page of its own, a helper has none. @param {Message} message */
  prescription(message) {
    const { state, number, prescription } = message.facts;
    const { role } = this.context.me() || { role: '' };
    const door = role === 'patient' ? '/prescriptions' : role === 'doctor' ? '/staff/prescriptions' : '';
    const own = door && /^[0-9a-f-]{36}$/.test(String(prescription));
    const tone = this.texts.card_tones[state];
    const label = role === 'patient' && state === 'passed' ? this.texts.cards.passed : this.texts.cards.open;
    const card = el(tone ? `article.rxcard.rxcard-${tone}` : 'article.rxcard', { 'data-prescription': prescription, 'data-state': state }, [
      el('header', {}, [this.context.icons.get('pill'), this.texts.cards.prescription]),
      el('div.body', {}, [
        el('b', { text: this.texts.events[`prescription.${state}`] || this.texts.events.prescription }),
        el('span.num.sec', { text: String(number || '') }),
      ]),
      own ? el('footer', {}, [el('a', { href: `${door}/${prescription}`, target: role === 'doctor' ? 'rx-pad' : null, text: label })]) : null,
    ]);
    return el('li.msg', {}, [card]);
  }

  /** @param {RoomFile} file */
  file(file) {
    const url = `${this.context.filesUrl}/${file.id}`;
    if (file.kind === 'photo') return this.photo(url, file);
    if (file.kind === 'voice') return this.voice(url, file);
    return el('a.bub.doc', { href: url, target: '_blank', rel: 'noopener' }, [
      this.context.icons.get('file-text'),
      el('span', {}, [el('b', { text: file.name || this.texts.document }), el('small', { text: file.size ? size(file.size) : '' })]),
    ]);
  }

  /** @param {string} url @param {RoomFile} file */
  photo(url, file) {
    const image = el('img', { src: `${url}?thumbnail=1`, alt: file.name || this.texts.photo, loading: 'lazy', width: file.width || null, height: file.height || null });
    const button = el('button.pic', { type: 'button', 'aria-label': `${this.texts.enlarge} ${file.name || ''}`.trim() }, [image]);
    button.addEventListener('click', () => this.enlarge(url, file.name || this.texts.photo));
    return button;
  }

  /** @param {string} url @param {string} name */
  enlarge(url, name) {
    const sheet = this.zoom;
    const frame = sheet && sheet.querySelector('[data-zoom-frame]');
    if (!sheet || !frame) return;
    const image = el('img', { src: url, alt: name });
    image.addEventListener('click', () => frame.classList.toggle('zoomed'));
    frame.classList.remove('zoomed');
    frame.replaceChildren(image);
    openSheet(sheet, () => frame.replaceChildren());
  }

  closeZoom() {
    if (this.zoom && !this.zoom.hidden) closeSheet(this.zoom);
  }

  /** @param {string} url @param {RoomFile} file */
  voice(url, file) {
    const seconds = Math.max(1, Math.round((file.duration_ms || 0) / 1000));
    const length = el('span.num', { text: file.duration_ms ? `${seconds}″` : '' });
    const bar = el('progress', { max: 100, value: 0, 'aria-hidden': 'true' });
    const button = el('button.bub.voice', { type: 'button', 'aria-label': fill(this.texts.play_voice, { n: seconds }) }, [this.context.icons.get('volume-2'), bar, length]);
    button.addEventListener('click', () => this.play(url, button, /** @type {HTMLProgressElement} */ (bar), seconds));
    return button;
  }

  /** @param {string} url @param {HTMLElement} button @param {HTMLProgressElement} bar @param {number} seconds */
  play(url, button, bar, seconds) {
    const running = this.playing;
    if (running) {
      running.pause();
      this.playing = null;
      if (button.getAttribute('aria-pressed') === 'true') return;
    }
    const audio = new Audio(url);
    this.playing = audio;
    const over = () => {
      button.setAttribute('aria-pressed', 'false');
      bar.value = 0;
    };
    button.setAttribute('aria-pressed', 'true');
    // A recording of MediaRecorder does not know its own length.
    audio.ontimeupdate = () => (bar.value = (100 * audio.currentTime) / seconds);
    audio.onended = audio.onpause = audio.onerror = over;
    audio.play().catch(over);
  }

  /** @param {string} at @param {number} now */
  time(at, now) {
    return el('li.sys.time', {}, [el('time', { datetime: at, text: this.clock.instant(at, now) })]);
  }
}
