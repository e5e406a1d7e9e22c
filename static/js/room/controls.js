// The call on the screen: ringing, talking, over. It draws what the controller tells and sends taps back.

import { fill, say } from '../dom.js';
import { el, minutes } from './draw.js';
import { closeSheet, openSheet } from './sheet.js';
import { unable } from './support.js';

/** @typedef {import('./callview.js').CallView} CallView */

export class Controls {
  /**
   * @param {HTMLElement} root
   * @param {import('./call.js').CallController} calls
   * @param {import('./devices.js').Devices} devices
   * @param {import('./mount.js').RoomOptions} options
   */
  constructor(root, calls, devices, options) {
    this.root = root;
    this.calls = calls;
    this.devices = devices;
    this.options = options;
    this.texts = options.texts;
    this.overlay = /** @type {HTMLElement} */ (root.querySelector('[data-room-call]'));
    this.stage = /** @type {HTMLElement} */ (this.overlay.querySelector('[data-call-stage]'));
    this.face = /** @type {HTMLElement} */ (this.overlay.querySelector('[data-call-face]'));
    this.self = /** @type {HTMLVideoElement} */ (this.overlay.querySelector('[data-call-self]'));
    this.said = root.querySelector('[data-room-said]');
    /** @type {Map<string, HTMLElement>} */
    this.tiles = new Map();
    this.isSmall = false;
    this.last = '';
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.clock = undefined;
    this.activeAt = 0;
    this.blocked = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.noticeTimer = undefined;
    this.ring = new Ring();
    calls.on('view', (view) => this.draw(view));
    calls.on('notice', ({ id, detail }) => this.notice(this.texts.refusals[detail] || this.texts.errors[id] || detail || this.texts.errors.unavailable));
    devices.on('trouble', ({ kind, trouble }) => this.notice((kind === 'audio' ? this.texts.trouble_audio : this.texts.trouble_video)[trouble] || this.texts.trouble_audio.failed));
    this.wire();
  }

  wire() {
    const on = (/** @type {string} */ name, /** @type {(event: Event) => void} */ deed) => {
      for (const each of Array.from(this.root.querySelectorAll(`[data-call="${name}"]`))) each.addEventListener('click', deed);
    };
    on('start-audio', () => this.begin('audio'));
    on('start-video', () => this.begin('video'));
    on('accept-audio', () => this.calls.accept('audio'));
    on('accept-video', () => this.calls.accept('video'));
    on('decline', () => this.calls.decline());
    on('hang-up', () => this.calls.hangUp());
    on('mute', () => this.devices.mute(!this.devices.isMuted));
    on('camera', () => this.devices.show(!this.devices.wanted.video));
    on('turn', () => this.devices.turn());
    on('small', () => this.shrink(!this.isSmall));
    on('sound', () => this.playAll());
  }

  /** @param {'audio' | 'video'} media */
  begin(media) {
    const trouble = unable();
    if (trouble) this.notice(this.texts.help[trouble]);
    else this.calls.start(media);
  }

  /** The talk stays readable during a call. @param {boolean} small */
  shrink(small) {
    this.isSmall = small;
    this.overlay.classList.toggle('call-small', small);
    this.root.classList.toggle('room-calling', small);
    const button = this.overlay.querySelector('[data-call="small"]');
    if (button) button.setAttribute('aria-label', small ? this.texts.call.larger : this.texts.call.smaller);
  }

  /** @param {CallView} view */
  draw(view) {
    const shown = view.phase !== 'none';
    this.overlay.dataset.phase = view.phase;
    this.overlay.dataset.media = view.media;
    this.overlay.classList.toggle('call-bar', view.phase === 'joinable');
    if (!shown) {
      this.close();
      return;
    }
    if (this.overlay.hidden) {
      this.shrink(false);
      // A bar asks nobody for the focus.
      if (view.phase === 'joinable') this.overlay.hidden = false;
      else openSheet(this.overlay);
    }
    this.ring.play(view.phase === 'ringing');
    this.part('title', this.titleOf(view));
    this.part('state', this.stateOf(view));
    this.part('hint', this.hintOf(view));
    this.part('recording', view.recording === 'on' ? this.texts.call.recording : view.recording === 'wanted' ? this.texts.call.recording_soon : '');
    const title = this.titleOf(view);
    const state = `${title}. ${this.stateOf(view)}`;
    if (view.phase !== 'active' && state !== this.last) say(this.said, state);
    this.last = state;
    this.buttons(view);
    this.pictures(view);
    this.time(view);
  }

  close() {
    this.ring.play(false);
    this.root.classList.remove('room-calling');
    clearInterval(this.clock);
    this.clock = undefined;
    for (const tile of this.tiles.values()) tile.remove();
    this.tiles.clear();
    this.self.srcObject = null;
    this.last = '';
    this.blocked = false;
    if (!this.overlay.hidden) closeSheet(this.overlay);
  }

  /** @param {CallView} view */
  titleOf(view) {
    // The one this page is about by the name it goes by here; guests by theirs.
    const names = view.others.map((other) => (['patient', 'doctor'].includes(other.member.role) ? this.options.names.other : other.name)).filter(Boolean);
    if (view.phase === 'ringing') return fill(this.texts.call.rings, { name: view.caller || this.options.names.other });
    if (view.phase === 'joinable') return view.isElsewhere ? this.texts.call.elsewhere : this.texts.call.running;
    if (names.length) return names.join(this.texts.comma);
    return this.options.names.other;
  }

  /** @param {CallView} view */
  stateOf(view) {
    const words = this.texts.call;
    switch (view.phase) {
      case 'calling':
        return words.calling;
      case 'ringing':
        return view.media === 'video' ? words.asks_video : words.asks_audio;
      case 'joinable':
        return '';
      case 'ended':
        return words.ended[view.reason] || words.ended.hung_up;
      default:
        if (view.isConnected) return '';
        return view.wasConnected ? words.reconnecting : words.connecting;
    }
  }

  /** @param {CallView} view */
  hintOf(view) {
    const words = this.texts.call;
    if (view.phase === 'ringing' && this.options.record_notice) return words.will_record;
    if (view.phase !== 'active') return '';
    if (view.isReduced) return words.own_reduced;
    const wantsPicture = view.others.some((other) => other.member.media === 'video');
    const shows = view.others.some((other) => other.hasVideo);
    if (view.isConnected && view.media === 'video' && !shows && !wantsPicture) return words.no_picture;
    if (!this.devices.tracks.audio && this.devices.trouble.audio) return words.only_listening;
    return '';
  }

  /** @param {CallView} view */
  buttons(view) {
    const { phase } = view;
    for (const group of /** @type {HTMLElement[]} */ (Array.from(this.overlay.querySelectorAll('[data-call-when]')))) {
      group.hidden = !(group.dataset.callWhen || '').split(' ').includes(phase);
    }
    this.press('mute', this.devices.isMuted, this.texts.call.unmute, this.texts.call.mute);
    this.press('camera', !this.devices.wanted.video, this.texts.call.camera_on, this.texts.call.camera_off);
    const turn = /** @type {HTMLElement | null} */ (this.overlay.querySelector('[data-call="turn"]'));
    if (turn) turn.hidden = this.devices.cameras < 2 || !this.devices.wanted.video;
    const sound = /** @type {HTMLElement | null} */ (this.overlay.querySelector('[data-call="sound"]'));
    if (sound) sound.hidden = !this.blocked || phase !== 'active';
  }

  /** @param {string} name @param {boolean} pressed @param {string} on @param {string} off */
  press(name, pressed, on, off) {
    const button = this.overlay.querySelector(`[data-call="${name}"]`);
    if (!button) return;
    button.setAttribute('aria-pressed', String(pressed));
    const label = button.querySelector('[data-label]');
    if (label) label.textContent = pressed ? on : off;
  }

  /** @param {CallView} view */
  pictures(view) {
    const there = new Set(view.others.map((other) => other.member.peer));
    for (const [peer, tile] of Array.from(this.tiles.entries())) {
      if (there.has(peer)) continue;
      tile.remove();
      this.tiles.delete(peer);
    }
    for (const other of view.others) {
      const tile = this.tiles.get(other.member.peer) || this.tile(other.member.peer, other.name);
      if (other.stream) this.attach(tile, other.stream);
      tile.dataset.picture = String(other.hasVideo);
      tile.dataset.connected = String(other.isConnected);
    }
    this.stage.dataset.tiles = String(this.tiles.size);
    this.face.textContent = this.options.names.other.slice(0, 1);
    this.face.hidden = this.tiles.size > 0;
    const own = this.devices.tracks.video;
    const shown = Boolean(own) && (view.phase === 'active' || view.phase === 'calling');
    this.self.hidden = !shown;
    this.self.classList.toggle('mirrored', this.devices.facing === 'user');
    const now = this.self.srcObject instanceof MediaStream ? this.self.srcObject.getVideoTracks()[0] : null;
    if (shown && own && now !== own) {
      this.self.srcObject = new MediaStream([own]);
      this.self.play().catch(() => undefined);
    }
    if (!shown) this.self.srcObject = null;
  }

  /**
   * Sound has an element of its own: beside a picture that has not come it would not begin.
   * @param {HTMLElement} tile @param {MediaStream} stream
   */
  attach(tile, stream) {
    for (const [selector, tracks] of /** @type {[string, MediaStreamTrack[]][]} */ ([['audio', stream.getAudioTracks()], ['video', stream.getVideoTracks()]])) {
      const element = /** @type {HTMLMediaElement} */ (tile.querySelector(selector));
      const now = element.srcObject instanceof MediaStream ? element.srcObject.getTracks()[0] : undefined;
      if (!tracks.length || now === tracks[0]) continue;
      element.srcObject = new MediaStream(tracks);
      this.play(element);
    }
  }

  /** @param {string} peer @param {string} name */
  tile(peer, name) {
    // playsinline: or an iPhone takes the picture to the full screen, without our buttons.
    const video = /** @type {HTMLVideoElement} */ (el('video', { playsinline: true, autoplay: true }));
    video.muted = true;
    const tile = el('div.tile-call', { 'data-peer': peer }, [video, el('audio', { autoplay: true }), el('span.av.av-l', { 'aria-hidden': 'true', text: (name || this.options.names.other).slice(0, 1) }), el('span.tile-name', { text: name })]);
    this.tiles.set(peer, tile);
    this.stage.append(tile);
    return tile;
  }

  /** @param {HTMLMediaElement} element */
  play(element) {
    element.play().then(
      () => undefined,
      (error) => {
        // A browser that wants a tap first gets a button for it.
        if (error && error.name === 'NotAllowedError') {
          this.blocked = true;
          this.calls.show();
        }
      },
    );
  }

  playAll() {
    this.blocked = false;
    for (const tile of this.tiles.values()) {
      for (const element of Array.from(tile.querySelectorAll('audio, video'))) this.play(/** @type {HTMLMediaElement} */ (element));
    }
    this.calls.show();
  }

  /** @param {CallView} view */
  time(view) {
    this.activeAt = view.call && view.call.active_at ? Date.parse(view.call.active_at) : 0;
    const running = view.phase === 'active' && view.wasConnected && this.activeAt > 0;
    if (!running) {
      clearInterval(this.clock);
      this.clock = undefined;
      this.part('time', '');
      return;
    }
    const tick = () => this.part('time', minutes((this.calls.socket.now() - this.activeAt) / 1000));
    tick();
    if (this.clock === undefined) this.clock = setInterval(tick, 1000);
  }

  /** @param {string} name @param {string} words */
  part(name, words) {
    const part = /** @type {HTMLElement | null} */ (this.overlay.querySelector(`[data-call-part="${name}"]`));
    if (!part) return;
    const inner = part.querySelector('[data-words]') || part;
    if (inner.textContent !== words) inner.textContent = words;
    part.hidden = !words;
  }

  /** @param {string} words */
  notice(words) {
    const box = /** @type {HTMLElement | null} */ (this.root.querySelector('[data-room-notice]'));
    const inner = box && box.querySelector('[data-words]');
    if (!box || !inner) return;
    inner.textContent = words;
    box.hidden = false;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => (box.hidden = true), 12000);
  }

  destroy() {
    this.close();
  }
}

/** A phone that rings: two soft tones every three seconds, where the browser lets us, and a hum. */
class Ring {
  constructor() {
    /** @type {AudioContext | null} */
    this.audio = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  /** @param {boolean} on */
  play(on) {
    if (on === (this.timer !== undefined)) return;
    if (!on) {
      clearInterval(this.timer);
      this.timer = undefined;
      if (this.audio) this.audio.close().catch(() => undefined);
      this.audio = null;
      return;
    }
    this.tone();
    this.timer = setInterval(() => this.tone(), 3000);
  }

  tone() {
    try {
      if (navigator.vibrate) navigator.vibrate([200, 100, 200]);
      const Context = window.AudioContext || /** @type {any} */ (window).webkitAudioContext;
      if (!Context) return;
      const audio = /** @type {AudioContext} */ (this.audio || new Context());
      this.audio = audio;
      // Suspended until somebody touched the page: then it rings only to the eye.
      if (audio.state !== 'running') return;
      for (const [frequency, after] of [[660, 0], [880, 0.25]]) {
        const tone = audio.createOscillator();
        const gain = audio.createGain();
        const at = audio.currentTime + after;
        tone.frequency.value = frequency;
        gain.gain.setValueAtTime(0, at);
        gain.gain.linearRampToValueAtTime(0.15, at + 0.02);
        gain.gain.linearRampToValueAtTime(0, at + 0.22);
        tone.connect(gain).connect(audio.destination);
        tone.start(at);
        tone.stop(at + 0.25);
      }
    } catch {
      // a silent ring is still drawn
    }
  }
}
