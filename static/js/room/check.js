// Before a call: camera, microphone, the way through the relay. Each failure comes with its own help and a way on.

import { call as request } from '../api.js';
import { say } from '../dom.js';
import { closeSheet, openSheet } from './sheet.js';
import { isInsideAnApp, troubleOf, unable } from './support.js';

/** @typedef {'ok' | 'none' | import('./support.js').Trouble} Found */

const RELAY_WITHIN_MS = 9000;
const LOUD = 0.02;
const LISTEN_MS = 15000;

export class DeviceCheck {
  /**
   * @param {HTMLElement} root
   * @param {import('./protocol.js').RoomSocket} socket
   * @param {import('./mount.js').RoomOptions} options
   * @param {() => boolean} isBusy whether a call has the devices
   */
  constructor(root, socket, options, isBusy) {
    this.socket = socket;
    this.options = options;
    this.texts = options.texts;
    this.isBusy = isBusy;
    this.sheet = /** @type {HTMLElement | null} */ (root.querySelector('[data-room-check]'));
    this.said = root.querySelector('[data-room-said]');
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {AudioContext | null} */
    this.audio = null;
    this.run = 0;
    if (!this.sheet) return;
    const again = this.sheet.querySelector('[data-check-again]');
    if (again) again.addEventListener('click', () => this.start());
    const copy = this.sheet.querySelector('[data-check-copy]');
    if (copy) copy.addEventListener('click', () => this.copy());
  }

  open() {
    if (!this.sheet || this.isBusy()) return;
    openSheet(this.sheet, () => this.close());
    this.start();
  }

  close() {
    this.run += 1;
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    if (this.audio) this.audio.close().catch(() => undefined);
    this.audio = null;
  }

  async start() {
    this.close();
    const run = this.run;
    this.all('wait');
    this.help('');
    const video = /** @type {HTMLVideoElement | null} */ (this.part('[data-check-video]'));
    if (video) video.hidden = true;
    const trouble = unable();
    /** @type {Record<string, any>} */
    const found = { camera: trouble || 'failed', microphone: trouble || 'failed', relay: false, relay_ms: null };
    if (trouble) {
      this.row('camera', trouble);
      this.row('microphone', trouble);
      this.row('network', trouble);
      this.help(trouble);
    } else {
      found.camera = await this.camera();
      if (run !== this.run) return;
      found.microphone = await this.microphone();
      if (run !== this.run) return;
      const ms = await this.relay();
      if (run !== this.run) return;
      found.relay = ms !== null;
      found.relay_ms = ms;
      this.row('network', ms === null ? 'failed' : 'ok', ms === null ? '' : `${ms} ms`);
      const first = [found.camera, found.microphone].find((each) => each !== 'ok');
      this.help(first || (ms === null ? 'network' : ''));
    }
    const fine = found.camera === 'ok' && found.microphone === 'ok' && found.relay;
    say(this.part('[data-check-said]'), fine ? this.texts.check.fine : this.texts.check.partly);
    this.tell(found);
  }

  /** @returns {Promise<string>} */
  async camera() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, facingMode: 'user' } });
      this.keep(stream);
      const video = /** @type {HTMLVideoElement | null} */ (this.part('[data-check-video]'));
      if (video) {
        video.srcObject = stream;
        video.hidden = false;
        video.play().catch(() => undefined);
      }
      this.row('camera', 'ok');
      return 'ok';
    } catch (error) {
      const trouble = troubleOf(error);
      this.row('camera', trouble);
      return trouble;
    }
  }

  /** @returns {Promise<string>} */
  async microphone() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      this.keep(stream);
      this.row('microphone', 'ok', this.texts.check.speak);
      this.listen(stream);
      return 'ok';
    } catch (error) {
      const trouble = troubleOf(error);
      this.row('microphone', trouble);
      return trouble;
    }
  }

  /** @param {MediaStream} stream */
  keep(stream) {
    if (!this.stream) this.stream = stream;
    else for (const track of stream.getTracks()) this.stream.addTrack(track);
  }

  /** Shows how loud it is; says so once it heard something. @param {MediaStream} stream */
  listen(stream) {
    const meter = /** @type {HTMLMeterElement | null} */ (this.part('[data-check-level]'));
    const Context = window.AudioContext || /** @type {any} */ (window).webkitAudioContext;
    if (!meter || !Context) return;
    const audio = /** @type {AudioContext} */ (new Context());
    this.audio = audio;
    const analyser = audio.createAnalyser();
    analyser.fftSize = 1024;
    audio.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    const until = Date.now() + LISTEN_MS;
    let heard = false;
    const look = () => {
      if (this.audio !== audio) return;
      analyser.getByteTimeDomainData(samples);
      const level = loudness(samples);
      meter.value = Math.min(1, level * 6);
      if (!heard && level > LOUD) {
        heard = true;
        this.row('microphone', 'ok', this.texts.check.heard);
      } else if (!heard && Date.now() > until) {
        this.row('microphone', 'quiet', this.texts.check.silent);
        return;
      }
      setTimeout(look, 80);
    };
    look();
  }

  /** Through the relay to oneself and back; milliseconds, or null. @returns {Promise<number | null>} */
  async relay() {
    const ice = this.socket.welcome && this.socket.welcome.ice;
    const servers = (ice && ice.servers) || [];
    const relays = servers.filter((server) => ([] .concat(/** @type {any} */ (server.urls))).some((url) => String(url).startsWith('turn')));
    if (!relays.length) return null;
    const begun = Date.now();
    const one = new RTCPeerConnection({ iceServers: relays, iceTransportPolicy: 'relay' });
    const two = new RTCPeerConnection({ iceServers: relays, iceTransportPolicy: 'relay' });
    try {
      one.onicecandidate = (event) => event.candidate && two.addIceCandidate(event.candidate).catch(() => undefined);
      two.onicecandidate = (event) => event.candidate && one.addIceCandidate(event.candidate).catch(() => undefined);
      two.ondatachannel = (event) => {
        event.channel.onmessage = (said) => event.channel.send(said.data);
      };
      const channel = one.createDataChannel('check');
      const echoed = new Promise((resolve) => {
        channel.onopen = () => channel.send('?');
        channel.onmessage = () => resolve(true);
        setTimeout(() => resolve(false), RELAY_WITHIN_MS);
      });
      await one.setLocalDescription(await one.createOffer());
      await two.setRemoteDescription(/** @type {RTCSessionDescription} */ (one.localDescription));
      await two.setLocalDescription(await two.createAnswer());
      await one.setRemoteDescription(/** @type {RTCSessionDescription} */ (two.localDescription));
      return (await echoed) ? Date.now() - begun : null;
    } catch {
      return null;
    } finally {
      one.close();
      two.close();
    }
  }

  /** @param {Record<string, any>} found */
  tell(found) {
    const body = {
      camera: found.camera, microphone: found.microphone, network: found.relay ? 'ok' : 'failed', relay: Boolean(found.relay), relay_ms: found.relay_ms,
      in_app: isInsideAnApp(),
    };
    request('POST', `${this.options.api_url}/device-checks`, body).catch(() => undefined);
  }

  // ---- what is shown

  /** @param {string} selector @returns {HTMLElement | null} */
  part(selector) {
    return this.sheet ? this.sheet.querySelector(selector) : null;
  }

  /** @param {string} state */
  all(state) {
    for (const name of ['camera', 'microphone', 'network']) this.row(name, state);
  }

  /** @param {string} name @param {string} state @param {string} [more] */
  row(name, state, more = '') {
    const row = this.part(`[data-check="${name}"]`);
    if (!row) return;
    row.dataset.state = state === 'ok' ? 'ok' : state === 'wait' ? 'wait' : 'failed';
    const words = row.querySelector('[data-check-words]');
    if (words) words.textContent = more || this.texts.check.states[state] || this.texts.check.states.failed;
  }

  /** @param {string} trouble */
  help(trouble) {
    const box = this.part('[data-check-help]');
    if (!box) return;
    box.hidden = !trouble;
    const words = box.querySelector('[data-check-help-words]');
    if (words) words.textContent = this.texts.help[trouble] || this.texts.help.failed;
    const copy = this.part('[data-check-copy]');
    // The link helps where another browser would.
    if (copy) copy.hidden = !['inapp', 'inmini', 'unsupported', 'insecure', 'denied'].includes(trouble);
  }

  async copy() {
    const link = location.origin + location.pathname;
    try {
      await navigator.clipboard.writeText(link);
      say(this.part('[data-check-said]'), this.texts.copied);
    } catch {
      const field = /** @type {HTMLInputElement | null} */ (this.part('[data-check-link]'));
      if (!field) return;
      field.hidden = false;
      field.value = link;
      field.select();
      // The old way, for web-views without a clipboard.
      if (document.execCommand('copy')) say(this.part('[data-check-said]'), this.texts.copied);
    }
  }

  destroy() {
    if (this.sheet && !this.sheet.hidden) closeSheet(this.sheet);
    this.close();
  }
}

/** Root mean square of 8-bit samples, 0…1. @param {Uint8Array} samples */
function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += ((sample - 128) / 128) ** 2;
  return Math.sqrt(sum / samples.length);
}
