// One connection to one other page.

import { Emitter } from './emitter.js';
import { AUDIO_BPS, limit, plain, preferCodecs } from './encoding.js';

/** @typedef {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} Tracks */
/** @typedef {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit, replace?: number, bye?: true}} Body */
/** @typedef {{availableBps: number | null, loss: number | null, rttMs: number | null, relay: boolean, receivingVideo: boolean}} Health */

const RESTART_AFTER_MS = 5000;
const REPLACE_AFTER_MS = 30000;
/** The polite side lets the other begin, and begins itself when nothing came. */
const BEGIN_ANYWAY_MS = 3000;
const VIDEO_BPS = 800000;

/**
 * Perfect negotiation (W3C webrtc-pc §10.7), ICE restart, replacement.
 * Events: `state` (connected or not), `track` (the remote stream changed), `gone` (the other said bye).
 */
export class PeerLink extends Emitter {
  /**
   * @param {{
   *   polite: boolean, servers: RTCIceServer[], tracks: Tracks, videoBps?: number, audioBps?: number, policy?: RTCIceTransportPolicy,
   *   send: (body: Body) => void,
   * }} options
   */
  constructor(options) {
    super();
    this.polite = options.polite;
    this.servers = options.servers;
    this.policy = options.policy || 'all';
    this.sendBody = options.send;
    this.tracks = { ...options.tracks };
    this.videoBps = options.videoBps || VIDEO_BPS;
    this.audioBps = options.audioBps || AUDIO_BPS;
    this.generation = 0;
    this.remote = new MediaStream();
    /** Names what belongs together, so that lips and words do. */
    this.local = new MediaStream();
    this.isConnected = false;
    this.isClosed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.restartTimer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.replaceTimer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.beginTimer = undefined;
    /** One after the other: a candidate must not overtake its description. */
    this.queue = Promise.resolve();
    /** @type {Record<string, number>} */
    this.seen = {};
    this.pc = this.connect();
  }

  /** @returns {RTCPeerConnection} */
  connect() {
    const pc = new RTCPeerConnection({
      iceServers: this.servers, iceTransportPolicy: this.policy, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require',
    });
    this.pc = pc;
    this.makingOffer = false;
    this.ignoresOffer = false;
    this.settingAnswer = false;
    this.seen = {};
    pc.onnegotiationneeded = () => this.offer(pc);
    pc.onicecandidate = (event) => {
      if (pc !== this.pc || !event.candidate) return;
      const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = event.candidate;
      this.sendBody({ candidate: { candidate, sdpMid, sdpMLineIndex, usernameFragment } });
    };
    pc.oniceconnectionstatechange = () => pc === this.pc && this.watch();
    pc.onconnectionstatechange = () => pc === this.pc && this.watch();
    pc.ontrack = (event) => {
      if (pc !== this.pc) return;
      for (const old of this.remote.getTracks()) if (old.kind === event.track.kind) this.remote.removeTrack(old);
      this.remote.addTrack(event.track);
      event.track.onmute = event.track.onunmute = () => this.emit('track', this.remote);
      this.emit('track', this.remote);
    };
    if (this.polite) this.beginTimer = setTimeout(() => pc === this.pc && !pc.remoteDescription && this.begin(pc), BEGIN_ANYWAY_MS);
    else this.begin(pc);
    this.watch();
    return pc;
  }

  /** Both kinds from the start: a camera that opens later needs no new negotiation. @param {RTCPeerConnection} pc */
  begin(pc) {
    for (const kind of /** @type {('audio' | 'video')[]} */ (['audio', 'video'])) {
      const transceiver = pc.addTransceiver(this.tracks[kind] || kind, { direction: 'sendrecv', streams: [this.local] });
      if (kind === 'video') preferCodecs(transceiver);
    }
  }

  /** @param {RTCPeerConnection} pc */
  async offer(pc) {
    if (pc !== this.pc || this.isClosed) return;
    try {
      this.makingOffer = true;
      await describe(pc, 'offer');
      if (pc === this.pc && pc.localDescription) this.sendBody({ description: plain(pc.localDescription) });
    } catch (error) {
      if (!this.isClosed && pc === this.pc) this.emit('error', error);
    } finally {
      if (pc === this.pc) this.makingOffer = false;
    }
  }

  /** @param {Body} body */
  receive(body) {
    this.queue = this.queue.then(() => this.take(body)).catch((error) => this.emit('error', error));
  }

  /** @param {Body} body */
  async take(body) {
    if (this.isClosed) return;
    if (body.bye) {
      this.emit('gone');
    } else if (typeof body.replace === 'number') {
      if (body.replace > this.generation) this.replaced(body.replace);
    } else if (body.description) {
      await this.described(body.description);
    } else if (body.candidate) {
      try {
        await this.pc.addIceCandidate(body.candidate);
      } catch (error) {
        // Candidates of an offer we ignored, or of a connection before this one, fit nowhere.
        if (!this.ignoresOffer && this.generation === 0) this.emit('error', error);
      }
    }
  }

  /** @param {RTCSessionDescriptionInit} description */
  async described(description) {
    const pc = this.pc;
    const stable = pc.signalingState === 'stable' || (pc.signalingState === 'have-local-offer' && this.settingAnswer);
    const collides = description.type === 'offer' && (this.makingOffer || !stable);
    this.ignoresOffer = !this.polite && collides;
    if (this.ignoresOffer) return;
    clearTimeout(this.beginTimer);
    this.settingAnswer = description.type === 'answer';
    try {
      if (collides && pc.signalingState === 'have-local-offer') {
        // Safari 14 knows no implicit rollback.
        await Promise.all([pc.setLocalDescription({ type: 'rollback' }).catch(() => undefined), pc.setRemoteDescription(description)]);
      } else {
        await pc.setRemoteDescription(description);
      }
    } finally {
      this.settingAnswer = false;
    }
    if (pc !== this.pc) return;
    if (description.type === 'offer') {
      await this.answer(pc);
    }
    this.cap();
  }

  /** @param {RTCPeerConnection} pc */
  async answer(pc) {
    for (const kind of /** @type {('audio' | 'video')[]} */ (['audio', 'video'])) {
      const transceiver = this.transceiver(kind);
      if (!transceiver) continue;
      if (transceiver.direction !== 'sendrecv') transceiver.direction = 'sendrecv';
      if (kind === 'video') preferCodecs(transceiver);
      if (transceiver.sender.setStreams) transceiver.sender.setStreams(this.local);
      if (transceiver.sender.track !== this.tracks[kind]) await transceiver.sender.replaceTrack(this.tracks[kind]);
    }
    await describe(pc, 'answer');
    if (pc === this.pc && pc.localDescription) this.sendBody({ description: plain(pc.localDescription) });
  }

  /** The one that is negotiated. @param {'audio' | 'video'} kind */
  transceiver(kind) {
    const all = this.pc.getTransceivers().filter((each) => each.receiver.track.kind === kind);
    return all.find((each) => each.mid !== null) || all[0] || null;
  }

  /** What is sent from now on; null stops sending without a word of negotiation. @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  async send(kind, track) {
    this.tracks[kind] = track;
    const transceiver = this.transceiver(kind);
    if (!transceiver || transceiver.sender.track === track) return;
    try {
      await transceiver.sender.replaceTrack(track);
    } catch (error) {
      this.emit('error', error);
    }
  }

  /** @param {number} bps */
  limitVideo(bps) {
    this.videoBps = bps;
    this.cap();
  }

  /** @param {number} bps */
  limitAudio(bps) {
    this.audioBps = bps;
    this.cap();
  }

  cap() {
    const audio = this.transceiver('audio');
    const video = this.transceiver('video');
    if (audio) limit(audio.sender, this.audioBps, 'high');
    if (video) limit(video.sender, this.videoBps, 'low');
  }

  /** New credentials for the relay. @param {RTCIceServer[]} servers */
  renew(servers) {
    this.servers = servers;
    try {
      this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: servers });
      this.restart();
    } catch (error) {
      this.emit('error', error);
    }
  }

  /** Say again what was not answered. */
  repeat() {
    const { signalingState, localDescription } = this.pc;
    if (signalingState === 'have-local-offer' && localDescription) this.sendBody({ description: plain(localDescription) });
  }

  restart() {
    if (this.isClosed || this.pc.signalingState === 'closed') return;
    this.pc.restartIce();
  }

  watch() {
    const ice = this.pc.iceConnectionState;
    const on = (ice === 'connected' || ice === 'completed') && this.pc.connectionState !== 'failed';
    if (on) {
      clearTimeout(this.restartTimer);
      clearTimeout(this.replaceTimer);
      this.restartTimer = this.replaceTimer = undefined;
      this.cap();
    } else if (!this.isClosed) {
      // The impolite side repairs; the polite one only when it waited in vain.
      const later = this.polite ? 2 : 1;
      if (!this.restartTimer && (ice === 'disconnected' || ice === 'failed')) {
        this.restartTimer = setTimeout(() => {
          this.restartTimer = undefined;
          if (!this.isConnected) this.restart();
        }, RESTART_AFTER_MS * later);
      }
      if (!this.replaceTimer) {
        this.replaceTimer = setTimeout(() => {
          this.replaceTimer = undefined;
          if (this.isConnected || this.isClosed) return;
          this.sendBody({ replace: this.generation + 1 });
          this.replaced(this.generation + 1);
        }, REPLACE_AFTER_MS * later);
      }
    }
    if (on !== this.isConnected) {
      this.isConnected = on;
      this.emit('state', on);
    }
  }

  /** @param {number} generation */
  replaced(generation) {
    this.generation = generation;
    this.hang();
    this.isConnected = false;
    this.connect();
    this.emit('state', false);
  }

  /** @returns {Promise<Health>} */
  async health() {
    const pc = this.pc;
    /** @type {Health} */
    const health = { availableBps: null, loss: null, rttMs: null, relay: false, receivingVideo: false };
    /** @type {Map<string, any>} */
    const byId = new Map();
    (await pc.getStats()).forEach((/** @type {any} */ report) => byId.set(report.id, report));
    let pair = null;
    for (const report of byId.values()) {
      if (report.type === 'transport' && report.selectedCandidatePairId) pair = byId.get(report.selectedCandidatePairId);
      if (report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded' && !pair) pair = report;
      if (report.type === 'remote-inbound-rtp' && typeof report.fractionLost === 'number') {
        health.loss = Math.max(health.loss || 0, report.fractionLost);
      }
      if (report.type === 'inbound-rtp' && report.kind === 'video') {
        const before = this.seen[report.id] || 0;
        this.seen[report.id] = report.bytesReceived || 0;
        health.receivingVideo = this.seen[report.id] > before;
      }
    }
    if (pair) {
      if (typeof pair.availableOutgoingBitrate === 'number') health.availableBps = pair.availableOutgoingBitrate;
      if (typeof pair.currentRoundTripTime === 'number') health.rttMs = pair.currentRoundTripTime * 1000;
      const local = byId.get(pair.localCandidateId);
      const remote = byId.get(pair.remoteCandidateId);
      health.relay = Boolean((local && local.candidateType === 'relay') || (remote && remote.candidateType === 'relay'));
    }
    return health;
  }

  hang() {
    clearTimeout(this.restartTimer);
    clearTimeout(this.replaceTimer);
    clearTimeout(this.beginTimer);
    this.restartTimer = this.replaceTimer = undefined;
    this.pc.ontrack = this.pc.onicecandidate = this.pc.onnegotiationneeded = null;
    this.pc.oniceconnectionstatechange = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.hang();
  }
}

/** Safari 14 needs the description made for it. @param {RTCPeerConnection} pc @param {'offer' | 'answer'} kind */
async function describe(pc, kind) {
  try {
    await pc.setLocalDescription();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await pc.setLocalDescription(kind === 'offer' ? await pc.createOffer() : await pc.createAnswer());
  }
}
