// This side's camera and microphone: opened once for all connections, opened again when the phone took them away.

import { Emitter } from './emitter.js';
import { troubleOf, unable } from './support.js';

/** @typedef {import('./support.js').Trouble} Trouble */
/** @typedef {'audio' | 'video'} Kind */

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** What a doctor can see a tongue on, and a weak phone can encode. */
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } };
/** iOS mutes a track for a moment whenever it is touched. */
const MUTED_MS = 1500;

/**
 * Events: `track` ({kind, track or null}: what connections should send), `change` (something to show),
 * `trouble` ({kind, trouble}).
 */
export class Devices extends Emitter {
  constructor() {
    super();
    /** @type {Record<Kind, MediaStreamTrack | null>} */
    this.tracks = { audio: null, video: null };
    /** What this person wants on. @type {Record<Kind, boolean>} */
    this.wanted = { audio: false, video: false };
    /** @type {Record<Kind, Trouble | ''>} */
    this.trouble = { audio: '', video: '' };
    this.isMuted = false;
    /** @type {'user' | 'environment'} */
    this.facing = 'user';
    this.cameras = 0;
    /** @type {Record<Kind, Promise<void> | null>} */
    this.opening = { audio: null, video: null };
    this.look = () => {
      if (document.visibilityState === 'visible') this.heal();
    };
    this.changed = () => {
      this.count();
      this.heal();
    };
    document.addEventListener('visibilitychange', this.look);
    const all = navigator.mediaDevices;
    if (all && all.addEventListener) all.addEventListener('devicechange', this.changed);
  }

  /**
   * Open what a call needs; to be called inside a tap. What cannot be opened is told in `trouble`.
   * @param {boolean} video
   */
  async open(video) {
    this.wanted.audio = true;
    this.wanted.video = video;
    if (!video) {
      await this.acquire('audio');
      return;
    }
    if (this.tracks.audio && this.tracks.video) return;
    // Together: one question to the person instead of two.
    try {
      const stream = await media({ audio: AUDIO, video: this.picture() });
      for (const track of stream.getTracks()) {
        const kind = /** @type {Kind} */ (track.kind);
        if (this.wanted[kind]) this.adopt(kind, track);
        else track.stop();
      }
    } catch {
      // One of them may still work alone, and says for itself what is wrong.
      await this.acquire('audio');
      await this.acquire('video');
    }
    await this.count();
  }

  /** @param {Kind} kind @returns {Promise<void>} */
  acquire(kind) {
    const running = this.opening[kind];
    if (running) return running;
    const started = this.acquireNow(kind).then(() => {
      this.opening[kind] = null;
    });
    this.opening[kind] = started;
    return started;
  }

  /** @param {Kind} kind */
  async acquireNow(kind) {
    try {
      const stream = await media(kind === 'audio' ? { audio: AUDIO } : { video: this.picture() });
      const [track] = kind === 'audio' ? stream.getAudioTracks() : stream.getVideoTracks();
      if (!this.wanted[kind]) track.stop();
      else this.adopt(kind, track);
    } catch (error) {
      this.fail(kind, troubleOf(error));
    }
  }

  picture() {
    return { ...SIZE, facingMode: this.facing };
  }

  /** @param {Kind} kind @param {MediaStreamTrack} track */
  adopt(kind, track) {
    const before = this.tracks[kind];
    this.tracks[kind] = track;
    this.trouble[kind] = '';
    if (kind === 'audio') track.enabled = !this.isMuted;
    if ('contentHint' in track) track.contentHint = kind === 'audio' ? 'speech' : 'motion';
    track.onended = () => this.tracks[kind] === track && this.lost(kind);
    track.onmute = () => {
      setTimeout(() => {
        if (this.tracks[kind] === track && track.muted && document.visibilityState === 'visible') this.lost(kind);
      }, MUTED_MS);
    };
    this.emit('track', { kind, track });
    this.emit('change');
    if (before && before !== track) quiet(before);
  }

  /** The phone took it: a call came in, the app was in the background, the headset was pulled. @param {Kind} kind */
  lost(kind) {
    const track = this.tracks[kind];
    if (track) quiet(track);
    this.tracks[kind] = null;
    this.emit('track', { kind, track: null });
    this.emit('change');
    this.heal();
  }

  /** @param {Kind} kind @param {Trouble} trouble */
  fail(kind, trouble) {
    this.tracks[kind] = null;
    this.trouble[kind] = trouble;
    this.emit('track', { kind, track: null });
    this.emit('trouble', { kind, trouble });
    this.emit('change');
  }

  /** Open again what should be open and is not. */
  heal() {
    if (document.visibilityState !== 'visible') return;
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const track = this.tracks[kind];
      const lives = track && track.readyState === 'live' && !track.muted;
      if (this.wanted[kind] && !lives && this.trouble[kind] !== 'denied') this.acquire(kind);
    }
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.isMuted = muted;
    if (this.tracks.audio) this.tracks.audio.enabled = !muted;
    this.emit('change');
  }

  /** Off means that the lamp goes out. @param {boolean} on */
  async show(on) {
    this.wanted.video = on;
    if (on) {
      await this.acquire('video');
      await this.count();
      return;
    }
    const track = this.tracks.video;
    this.tracks.video = null;
    this.trouble.video = '';
    this.emit('track', { kind: 'video', track: null });
    this.emit('change');
    if (track) quiet(track);
  }

  /** Between the front and the back of a phone: a tongue, or a rash on a leg. */
  async turn() {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    if (!this.wanted.video) return;
    // Most phones open one camera at a time.
    const track = this.tracks.video;
    if (track) quiet(track);
    this.tracks.video = null;
    await this.acquire('video');
  }

  async count() {
    try {
      const found = await navigator.mediaDevices.enumerateDevices();
      this.cameras = found.filter((device) => device.kind === 'videoinput').length;
      this.emit('change');
    } catch {
      this.cameras = 0;
    }
  }

  /** The call is over: nothing stays open. */
  close() {
    this.wanted = { audio: false, video: false };
    this.isMuted = false;
    this.trouble = { audio: '', video: '' };
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const track = this.tracks[kind];
      this.tracks[kind] = null;
      if (track) quiet(track);
    }
    this.emit('change');
  }

  destroy() {
    this.close();
    document.removeEventListener('visibilitychange', this.look);
    const all = navigator.mediaDevices;
    if (all && all.removeEventListener) all.removeEventListener('devicechange', this.changed);
  }
}

/** @param {MediaStreamConstraints} wanted @returns {Promise<MediaStream>} */
function media(wanted) {
  const trouble = unable();
  if (trouble) return Promise.reject(new TypeError(trouble));
  return navigator.mediaDevices.getUserMedia(wanted);
}

/** @param {MediaStreamTrack} track */
function quiet(track) {
  track.onended = null;
  track.onmute = null;
  track.stop();
}
