// The room's call as the server tells it, and the connections that follow from it.
//
// Nothing here decides that a call is on or over: a tap sends a wish, and what comes back is drawn.

import { CallMemory } from './callmemory.js';
import { endedMs, sideOf, viewOf } from './callview.js';
import { Emitter } from './emitter.js';
import { PeerLink } from './peer.js';
import { Quality } from './quality.js';
import { RecorderLink } from './recorder.js';

/** @typedef {import('./protocol.js').Call} Call */
/** @typedef {import('./protocol.js').Member} Member */
/** @typedef {import('./peer.js').Body} Body */

const REPORT_MS = 10000;
const LOOK_MS = 1000;
/** A page that opened just now takes up the call of its seat by itself; one that lay open does not. */
const FRESH_MS = 5000;
const MOST_KEPT = 200;

/** Events: `view` (CallView), `stream` ({peer, stream}), `notice` (id of an error, detail). */
export class CallController extends Emitter {
  /**
   * @param {import('./protocol.js').RoomSocket} socket
   * @param {import('./devices.js').Devices} devices
   * @param {{policy?: RTCIceTransportPolicy}} [options]
   */
  constructor(socket, devices, options = {}) {
    super();
    this.socket = socket;
    this.devices = devices;
    this.policy = options.policy || 'all';
    this.memory = new CallMemory(socket.options.room);
    /** @type {Call | null} */
    this.call = null;
    /** @type {Map<string, PeerLink>} */
    this.links = new Map();
    /** @type {Map<string, import('./peer.js').Health>} */
    this.health = new Map();
    /** @type {Map<string, Body[]>} said before we knew who that is */
    this.early = new Map();
    /** @type {RecorderLink | null} */
    this.recorder = null;
    /** @type {import('./protocol.js').Peer[]} */
    this.peers = [];
    /** @type {RTCIceServer[]} */
    this.servers = [];
    /** The peer id of this page. */
    this.me = '';
    /** @type {import('./protocol.js').Seat | null} */
    this.seat = null;
    this.quality = new Quality();
    /** Calls this page said no to, or asked into. */
    this.silenced = '';
    this.joining = '';
    /** @type {'audio' | 'video'} */
    this.wish = 'audio';
    this.endedAt = 0;
    this.wasConnected = false;
    this.welcomedAt = 0;
    this.reported = '';
    this.reportedAt = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.looking = undefined;
    this.undo = [
      socket.on('welcome', (welcome) => this.welcomed(welcome)),
      socket.on('call', (call) => this.told(call)),
      socket.on('peers', (peers) => this.met(peers)),
      socket.on('signal', (signal) => this.signalled(signal)),
      socket.on('ice', (ice) => this.renew(ice.servers || [])),
      socket.on('error', (error) => this.refused(error)),
      devices.on('track', ({ kind, track }) => this.sendTrack(kind, track)),
      devices.on('change', () => this.show()),
    ];
  }

  // ---- wishes

  /** Inside a tap. @param {'audio' | 'video'} media */
  async start(media) {
    this.wish = media;
    const opened = this.devices.open(media === 'video');
    this.joining = 'new';
    if (!this.socket.startCall(media)) {
      this.joining = '';
      this.devices.close();
      this.emit('notice', { id: 'offline', detail: '' });
      return;
    }
    this.show();
    await opened;
  }

  /** Inside a tap. @param {'audio' | 'video'} media */
  async accept(media) {
    if (!this.call) return;
    this.wish = media;
    this.joining = this.call.id;
    const opened = this.devices.open(media === 'video');
    if (!this.socket.acceptCall(this.call.id, media)) this.emit('notice', { id: 'offline', detail: '' });
    this.show();
    await opened;
  }

  decline() {
    if (!this.call) return;
    this.silenced = this.call.id;
    this.socket.declineCall(this.call.id);
    this.show();
  }

  hangUp() {
    if (!this.call) return;
    this.silenced = this.call.id;
    this.memory.forget();
    this.socket.hangUpCall(this.call.id);
    this.leave();
    this.show();
  }

  // ---- what the room says

  /** @param {import('./protocol.js').Welcome} welcome */
  welcomed(welcome) {
    this.me = welcome.peer;
    this.welcomedAt = this.welcomedAt || Date.now();
    this.seat = welcome.seat;
    this.peers = welcome.peers || [];
    this.servers = (welcome.ice && welcome.ice.servers) || [];
    this.told(welcome.call || null);
    this.reportedAt = 0;
    // What was sent into a dying socket may never have arrived.
    for (const link of this.links.values()) link.repeat();
  }

  /** @param {import('./protocol.js').Peer[]} peers */
  met(peers) {
    this.peers = peers;
    this.follow();
    this.show();
  }

  /** @param {Call | null} call */
  told(call) {
    if (!call) {
      if (this.call && this.call.state !== 'ended') this.over({ ...this.call, state: 'ended', reason: 'lost' });
      return;
    }
    const known = this.call;
    if (known && known.id === call.id && call.version < known.version) return;
    if (known && known.id !== call.id && call.state === 'ended') return;
    // What was over was left then; devices may be open for this one already.
    if (known && known.id !== call.id && known.state !== 'ended') this.leave();
    if (call.state === 'ended') {
      // One that was over before this page opened is a line of the talk, not news.
      if (known && known.id === call.id && known.state !== 'ended') this.over(call);
      return;
    }
    this.call = call;
    this.follow();
    this.show();
  }

  /** @param {Call} call */
  over(call) {
    this.call = call;
    this.endedAt = Date.now();
    this.leave();
    this.memory.forget();
    this.show();
    setTimeout(() => this.show(), endedMs(this.call) + 50);
  }

  /** @param {{call: string, from: string, body: Body}} signal */
  signalled(signal) {
    if (this.call && signal.call !== this.call.id) return;
    if (signal.from === 'recorder') {
      this.recorderSaid(signal.body);
      return;
    }
    const link = this.links.get(signal.from);
    if (link) {
      link.receive(signal.body);
      return;
    }
    const waiting = this.early.get(signal.from) || [];
    if (waiting.length < MOST_KEPT) waiting.push(signal.body);
    this.early.set(signal.from, waiting);
    this.follow();
  }

  /** @param {import('./protocol.js').Refusal} error */
  refused(error) {
    if (!error.re || !error.re.startsWith('call.')) return;
    if (error.re === 'call.start' || error.re === 'call.accept') {
      this.joining = '';
      if (!this.amIn()) this.leave();
    }
    if (error.re !== 'call.media') this.emit('notice', error);
    this.show();
  }

  /** @param {RTCIceServer[]} servers */
  renew(servers) {
    this.servers = servers;
    for (const link of this.links.values()) link.renew(servers);
  }

  // ---- what follows

  /** This page is in the call. */
  amIn() {
    return Boolean(this.call && this.call.state !== 'ended' && this.call.members.some((member) => member.peer === this.me));
  }

  /** Make the connections be those of the call's members. */
  follow() {
    const call = this.call;
    if (!call || call.state === 'ended') return;
    if (!this.amIn()) {
      if (this.links.size || this.recorder) this.leave();
      if (this.shouldReturn(call)) this.comeBack(call);
      return;
    }
    this.memory.keep(call.id);
    if (this.joining === 'new') this.joining = call.id;
    if (call.state !== 'active') return;
    this.joining = '';
    const members = call.members.filter((member) => member.peer !== this.me);
    for (const peer of Array.from(this.links.keys())) {
      if (!members.some((member) => member.peer === peer)) this.unlink(peer);
    }
    for (const member of members) {
      const here = this.peers.some((peer) => peer.peer === member.peer) || this.early.has(member.peer);
      if (!this.links.has(member.peer) && here) this.link(member);
    }
    this.watch();
  }

  /** A seat of this call is ours, and its page is gone: it was this one before the reload. @param {Call} call */
  shouldReturn(call) {
    if (!this.seat || this.silenced === call.id || this.joining === call.id) return false;
    const mine = call.members.filter((member) => this.isMine(member));
    const there = mine.some((member) => this.peers.some((peer) => peer.peer === member.peer));
    if (there) return false;
    const fresh = Date.now() - this.welcomedAt < FRESH_MS;
    return (fresh && mine.length > 0 && call.state === 'active') || this.memory.holds(call.id);
  }

  /** @param {Call} call */
  comeBack(call) {
    const before = call.members.find((member) => this.isMine(member));
    this.wish = (before ? before.media : call.media) === 'video' ? 'video' : 'audio';
    this.joining = call.id;
    this.socket.acceptCall(call.id, this.wish);
    this.devices.open(this.wish === 'video').catch(() => undefined);
    this.show();
  }

  /** @param {{account: string, role: string}} who */
  isMine(who) {
    return Boolean(this.seat && who.account === this.seat.account && who.role === this.seat.role);
  }

  /** @param {Member} member */
  link(member) {
    const call = /** @type {Call} */ (this.call);
    const link = new PeerLink({
      polite: this.isPolite(member), servers: this.servers, tracks: this.sending(), policy: this.policy,
      videoBps: this.quality.capBps, audioBps: this.quality.audioBps,
      send: (body) => this.socket.signal(call.id, member.peer, body),
    });
    this.links.set(member.peer, link);
    link.on('state', () => {
      this.report();
      this.show();
    });
    link.on('track', (stream) => {
      this.emit('stream', { peer: member.peer, stream });
      this.show();
    });
    link.on('gone', () => this.unlink(member.peer));
    for (const body of this.early.get(member.peer) || []) link.receive(body);
    this.early.delete(member.peer);
  }

  /** The patient's side is polite; within a side, the id that sorts higher. @param {Member} member */
  isPolite(member) {
    const mine = sideOf(this.seat ? this.seat.role : 'patient');
    const theirs = sideOf(member.role);
    return mine === theirs ? this.me > member.peer : mine === 'patient';
  }

  /** @param {string} peer */
  unlink(peer) {
    const link = this.links.get(peer);
    if (!link) return;
    link.close();
    this.links.delete(peer);
    this.health.delete(peer);
  }

  /** @param {Body} body */
  recorderSaid(body) {
    const call = this.call;
    if (typeof body.replace === 'number') {
      if (!call || (this.recorder && body.replace <= this.recorder.number)) return;
      if (this.recorder) this.recorder.close();
      this.recorder = new RecorderLink({
        number: body.replace, servers: this.servers, tracks: this.sending(), policy: this.policy,
        audioBps: this.quality.audioBps,
        send: (answer) => this.socket.signal(call.id, 'recorder', answer),
      });
      return;
    }
    if (body.bye && this.recorder) {
      this.recorder.close();
      this.recorder = null;
      return;
    }
    if (this.recorder) this.recorder.receive(body);
  }

  /** What goes out: the picture stays at home while the network is weak. */
  sending() {
    return { audio: this.devices.tracks.audio, video: this.quality.isReduced ? null : this.devices.tracks.video };
  }

  /** @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  sendTrack(kind, track) {
    const sent = kind === 'video' && this.quality.isReduced ? null : track;
    for (const link of this.links.values()) link.send(kind, sent);
    if (this.recorder) this.recorder.send(kind, sent);
    this.report();
  }

  // ---- how it goes

  watch() {
    if (this.looking !== undefined) return;
    this.looking = setInterval(() => this.look().catch(() => undefined), LOOK_MS);
  }

  async look() {
    const links = Array.from(this.links.entries());
    const found = await Promise.all(links.map(async ([peer, link]) => /** @type {const} */ ([peer, await link.health()])));
    for (const [peer, health] of found) if (this.links.has(peer)) this.health.set(peer, health);
    const connected = found.filter(([peer]) => this.links.get(peer)?.isConnected).map(([, health]) => health);
    if (connected.length) {
      this.decide({
        atMs: Date.now(),
        availableBps: least(connected.map((health) => health.availableBps)),
        loss: most(connected.map((health) => health.loss)),
        rttMs: most(connected.map((health) => health.rttMs)),
      });
    }
    this.report();
    this.show();
  }

  /** @param {import('./quality.js').Sample} sample */
  decide(sample) {
    if (!this.devices.tracks.video && !this.quality.isReduced) return;
    const deed = this.quality.see(sample);
    if (!deed) return;
    for (const link of [...this.links.values(), ...(this.recorder ? [this.recorder] : [])]) {
      link.limitVideo(this.quality.capBps);
      link.limitAudio(this.quality.audioBps);
    }
    if (deed !== 'step') this.sendTrack('video', this.devices.tracks.video);
  }

  isConnectedAcross() {
    if (!this.call || !this.seat) return false;
    const mine = sideOf(this.seat.role);
    return this.call.members.some((member) => {
      const link = this.links.get(member.peer);
      return Boolean(link && link.isConnected && sideOf(member.role) !== mine);
    });
  }

  report() {
    if (!this.call || this.call.state !== 'active' || !this.amIn()) return;
    const sent = this.sending();
    const media = {
      connected: this.isConnectedAcross(),
      audio: Boolean(sent.audio) && !this.devices.isMuted,
      video: Boolean(sent.video),
      relay: this.isRelayed(),
    };
    const now = `${this.call.id} ${JSON.stringify(media)}`;
    if (now === this.reported && Date.now() - this.reportedAt < REPORT_MS) return;
    if (!this.socket.reportMedia(this.call.id, media)) return;
    this.reported = now;
    this.reportedAt = Date.now();
  }

  isRelayed() {
    return Array.from(this.health.values()).some((health) => health.relay);
  }

  // ---- leaving

  /** Let go of every connection and device. */
  leave() {
    for (const peer of Array.from(this.links.keys())) this.unlink(peer);
    if (this.recorder) this.recorder.close();
    this.recorder = null;
    this.early.clear();
    this.joining = '';
    this.wasConnected = false;
    this.reported = '';
    clearInterval(this.looking);
    this.looking = undefined;
    this.quality = new Quality();
    this.devices.close();
  }

  destroy() {
    this.leave();
    for (const undo of this.undo.splice(0)) undo();
  }

  show() {
    const view = viewOf(this);
    this.wasConnected = view.wasConnected;
    this.emit('view', view);
  }
}

/** @param {(number | null)[]} values */
function least(values) {
  const known = values.filter((value) => value !== null).map(Number);
  return known.length ? Math.min(...known) : null;
}

/** @param {(number | null)[]} values */
function most(values) {
  const known = values.filter((value) => value !== null).map(Number);
  return known.length ? Math.max(...known) : null;
}
