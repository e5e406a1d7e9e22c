// A voice message: hold the button and let go to send it, or tap it and tap again.

import { Emitter } from './emitter.js';
import { troubleOf } from './support.js';

const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
const LONGEST_MS = 60000;
/** What is shorter was a slip of the thumb. */
const SHORTEST_MS = 700;

export function canRecord() {
  return typeof MediaRecorder === 'function' && Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
}

/** Events: `start`, `tick` (seconds), `end`, `trouble` (why), `voice` (File). */
export class Voice extends Emitter {
  constructor() {
    super();
    /** @type {MediaRecorder | null} */
    this.recorder = null;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.begunAt = 0;
    this.keeps = false;
    this.isStarting = false;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  get isOn() {
    return this.isStarting || this.recorder !== null;
  }

  async start() {
    if (this.isOn) return;
    this.isStarting = true;
    this.keeps = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch (error) {
      this.isStarting = false;
      this.emit('trouble', troubleOf(error));
      return;
    }
    this.isStarting = false;
    const type = TYPES.find((each) => MediaRecorder.isTypeSupported && MediaRecorder.isTypeSupported(each));
    const recorder = new MediaRecorder(this.stream, type ? { mimeType: type, audioBitsPerSecond: 32000 } : {});
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
    recorder.onstop = () => this.stopped(parts, recorder.mimeType || type || 'audio/webm');
    this.recorder = recorder;
    this.begunAt = Date.now();
    recorder.start();
    this.emit('start');
    this.timer = setInterval(() => {
      const ms = Date.now() - this.begunAt;
      this.emit('tick', ms / 1000);
      if (ms >= LONGEST_MS) this.finish();
    }, 200);
    // Let go before the permission came.
    if (!this.keeps) this.cancel();
  }

  finish() {
    if (this.isStarting) this.keeps = false;
    if (this.recorder && this.recorder.state !== 'inactive') this.recorder.stop();
  }

  cancel() {
    this.keeps = false;
    this.finish();
  }

  /** @param {Blob[]} parts @param {string} type */
  stopped(parts, type) {
    clearInterval(this.timer);
    const ms = Date.now() - this.begunAt;
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.recorder = null;
    this.emit('end');
    if (!this.keeps) return;
    if (ms < SHORTEST_MS || !parts.length) {
      this.emit('trouble', 'short');
      return;
    }
    const plain = type.split(';')[0];
    const name = `voice.${plain.includes('mp4') ? 'm4a' : plain.includes('ogg') ? 'ogg' : 'webm'}`;
    this.emit('voice', new File(parts, name, { type: plain }));
  }
}
