// The one-way connection to the recorder.

import { Emitter } from './emitter.js';
import { AUDIO_BPS, limit, plain, preferCodecs } from './encoding.js';

/** @typedef {import('./peer.js').Body} Body */
/** @typedef {import('./peer.js').Tracks} Tracks */

const GATHER_WITHIN_MS = 3000;
const RECORDED_BPS = 600000;

/** Sends what this page sends to the recorder; receives nothing. Events: `state`, `error`. */
export class RecorderLink extends Emitter {
  /**
   * @param {{
   *   number: number, servers: RTCIceServer[], tracks: Tracks, audioBps?: number, policy?: RTCIceTransportPolicy, send: (body: Body) => void,
   * }} options
   */
  constructor(options) {
    super();
    this.number = options.number;
    this.audioBps = options.audioBps || AUDIO_BPS;
    this.sendBody = options.send;
    this.isClosed = false;
    this.isConnected = false;
    /** @type {Record<string, RTCRtpSender>} */
    this.senders = {};
    this.pc = new RTCPeerConnection({
      iceServers: options.servers, iceTransportPolicy: options.policy || 'all', bundlePolicy: 'max-bundle',
    });
    this.pc.oniceconnectionstatechange = () => {
      const on = ['connected', 'completed'].includes(this.pc.iceConnectionState);
      if (on === this.isConnected) return;
      this.isConnected = on;
      this.emit('state', on);
    };
    this.begin(options.tracks).catch((error) => this.emit('error', error));
  }

  /** @param {Tracks} tracks */
  async begin(tracks) {
    for (const kind of /** @type {('audio' | 'video')[]} */ (['audio', 'video'])) {
      const transceiver = this.pc.addTransceiver(tracks[kind] || kind, { direction: 'sendonly' });
      this.senders[kind] = transceiver.sender;
      if (kind === 'video') preferCodecs(transceiver);
    }
    await this.pc.setLocalDescription(await this.pc.createOffer());
    await gathered(this.pc);
    if (this.isClosed || !this.pc.localDescription) return;
    this.sendBody({ description: plain(this.pc.localDescription) });
  }

  /** @param {Body} body */
  async receive(body) {
    if (!body.description || body.description.type !== 'answer' || this.pc.signalingState !== 'have-local-offer') return;
    try {
      await this.pc.setRemoteDescription(body.description);
      this.limitVideo(RECORDED_BPS);
      this.limitAudio(this.audioBps);
    } catch (error) {
      this.emit('error', error);
    }
  }

  /** @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  async send(kind, track) {
    const sender = this.senders[kind];
    if (sender && sender.track !== track && !this.isClosed) await sender.replaceTrack(track).catch(() => undefined);
  }

  /** @param {number} bps */
  limitAudio(bps) {
    this.audioBps = bps;
    if (this.senders.audio) limit(this.senders.audio, bps, 'high');
  }

  /** @param {number} bps */
  limitVideo(bps) {
    // A change of size in the middle would begin a new file.
    if (this.senders.video) limit(this.senders.video, Math.min(bps, RECORDED_BPS), 'low', 'maintain-resolution');
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.pc.oniceconnectionstatechange = null;
    this.pc.close();
  }
}

/** @param {RTCPeerConnection} pc @returns {Promise<void>} */
function gathered(pc) {
  if (pc.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener('icegatheringstatechange', look);
      resolve();
    };
    const look = () => pc.iceGatheringState === 'complete' && done();
    const timer = setTimeout(done, GATHER_WITHIN_MS);
    pc.addEventListener('icegatheringstatechange', look);
  });
}
