// The room's socket: docs/protocol/signaling.md, version 1. No document, no media: whoever listens makes a page.
//
// Nothing that was said is lost: it waits in the outbox, kept by this browser until the server named its number,
// and goes again after every loss under the same client id. Nothing is shown twice or out of order: numbering.js
// hands numbers on one after the other, and a hole is asked for.

import { call as request, Problem } from '../api.js';
import { Emitter } from './emitter.js';
import { Numbering } from './numbering.js';
import { Outbox, uuid } from './outbox.js';
import { Polling } from './polling.js';

/** @typedef {{account: string, role: string, name: string}} Seat */
/** @typedef {{peer: string, account: string, role: string, name: string, since: string}} Peer */
/** @typedef {{id: string, kind: string, name?: string, content_type?: string, size?: number, width?: number | null, height?: number | null, duration_ms?: number | null, pages?: number | null}} RoomFile */
/** @typedef {{seq: number, client_id: string, author: Seat | null, kind: string, text: string, file: RoomFile | null, facts: Record<string, any>, at: string}} Message */
/** @typedef {{peer: string, account: string, role: string, media: string, connected: boolean}} Member */
/** @typedef {{id: string, state: string, media: string, reason: string | null, started_by: {peer: string, account: string, role: string}, members: Member[], recording: string, rings_until: string | null, record_by: string | null, active_at: string | null, ended_at: string | null, version: number}} Call */
/** @typedef {{state: string, can: {write: boolean, call: boolean, record: boolean}, position: number | null, doctor: {online: boolean, last_seen: string | null} | null, ends_at: string | null, urgent: boolean | string | null}} RoomView */
/** @typedef {{servers: RTCIceServer[], expires_at: string}} Ice */
/** @typedef {{version: number, peer: string, seat: Seat, room: RoomView, peers: Peer[], call: Call | null, reads: Record<string, number>, last: number, at: string, wall: string, heartbeat_s: number, ice: Ice}} Welcome */
/** @typedef {{id: string, re: string, client_id: string | null, detail: string, retry_after_s: number | null}} Refusal */
/** @typedef {{name: 'idle' | 'connecting' | 'open' | 'waiting' | 'polling' | 'stopped', reason: string}} State */
/**
 * @typedef {{
 *   room: string, me: string, ticketUrl: string, messagesUrl: string,
 *   fetchTicket?: () => Promise<{ticket: string, socket: string}>,
 *   socketAt?: (path: string) => WebSocket,
 * }} RoomSocketOptions
 */

export const VERSIONS = [1];
export const MAX_TEXT = 4000;

const WELCOME_WITHIN_MS = 8000;
const PONG_WITHIN_MS = 10000;
/** After the page or the network came back one does not wait as long. */
const PONG_SOON_MS = 3000;
const SAID_WITHIN_MS = 12000;
const MOST_UNSENT = 100;
const AGAIN_S = [0.5, 2, 4, 8, 10];
/** So many sockets in a row that never said welcome, where requests pass: something on the way forbids them. */
const POLL_AFTER = 2;

/** Close codes after which nobody comes back by themselves. @type {Record<number, string>} */
const FINAL = { 4400: 'broken', 4403: 'forbidden', 4406: 'outdated', 4409: 'elsewhere', 4410: 'over' };
/** Errors after which a message is not worth repeating. */
const LASTING = ['bad_message', 'too_large', 'room_closed', 'not_allowed', 'file_not_ready'];

/**
 * Events: `state`, `welcome`, `message` (in order, each once), `messages` (a page of them was handed on),
 * `said`, `unsaid` (client id and why), `call`, `signal`, `room`, `peers`, `reads`, `ice`, `alert`, `error`.
 */
export class RoomSocket extends Emitter {
  /** @param {RoomSocketOptions} options */
  constructor(options) {
    super();
    this.options = options;
    /** Of this page load; reconnects keep it. */
    this.page = uuid();
    this.numbers = new Numbering();
    this.signalsHave = 0;
    this.outbox = new Outbox(`${options.room}:${options.me}`);
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {State} */
    this.state = { name: 'idle', reason: '' };
    /** @type {Welcome | null} */
    this.welcome = null;
    /** Server minus own wall clock, in milliseconds. */
    this.skewMs = 0;
    this.heartbeatMs = 15000;
    this.failures = 0;
    this.barred = 0;
    this.refusedTickets = 0;
    this.pings = 0;
    /** @type {object[]} */
    this.unsent = [];
    this.attempt = 0;
    this.polling = new Polling(this);
    /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
    this.timers = {};
    /** @type {(() => void)[]} */
    this.unlisten = [];
  }

  get isOpen() {
    return this.state.name === 'open';
  }

  /** Everything up to this number was handed on. */
  get have() {
    return this.numbers.have;
  }

  /** The number of the room's last message as far as we know. */
  get last() {
    return this.numbers.last;
  }

  /** The hospital's wall clock, by ours. */
  now() {
    return Date.now() + this.skewMs;
  }

  start() {
    if (typeof window !== 'undefined') {
      const back = () => {
        if (typeof document === 'undefined' || document.visibilityState !== 'hidden') this.wake();
      };
      const gone = () => this.socket && this.socket.close(1000);
      window.addEventListener('online', back);
      window.addEventListener('pageshow', back);
      window.addEventListener('pagehide', gone);
      document.addEventListener('visibilitychange', back);
      this.unlisten.push(() => {
        window.removeEventListener('online', back);
        window.removeEventListener('pageshow', back);
        window.removeEventListener('pagehide', gone);
        document.removeEventListener('visibilitychange', back);
      });
    }
    this.connect();
  }

  stop(reason = 'left') {
    this.clear();
    for (const undo of this.unlisten.splice(0)) undo();
    this.drop(1000);
    this.enter('stopped', reason);
  }

  /** The network or the page is back: look at once whether the connection still lives. */
  wake() {
    if (this.state.name === 'stopped') return;
    if (this.isOpen) {
      this.ping(PONG_SOON_MS);
      return;
    }
    if (this.state.name === 'connecting') return;
    this.connect();
  }

  /**
   * Say something: kept until the server has it.
   * @param {{kind: 'text' | 'quick' | 'file', text?: string, file?: string}} what
   * @returns {string} its client id
   */
  say(what) {
    const waiting = this.outbox.put(what);
    this.deliver(waiting.client_id);
    return waiting.client_id;
  }

  /** Once more, after it was refused. @param {string} clientId */
  sayAgain(clientId) {
    this.outbox.mark(clientId, '');
    this.deliver(clientId);
  }

  /** The person gives up on it. @param {string} clientId */
  forget(clientId) {
    this.outbox.take(clientId);
  }

  /** @param {number} seq */
  read(seq) {
    this.send({ type: 'read', seq });
  }

  /** @param {'audio' | 'video'} media */
  startCall(media) {
    return this.send({ type: 'call.start', media });
  }

  /** @param {string} call @param {'audio' | 'video'} media */
  acceptCall(call, media) {
    return this.send({ type: 'call.accept', call, media });
  }

  /** @param {string} call */
  declineCall(call) {
    return this.send({ type: 'call.decline', call });
  }

  /** @param {string} call */
  hangUpCall(call) {
    return this.send({ type: 'call.hang_up', call });
  }

  /** @param {string} call @param {{connected: boolean, audio: boolean, video: boolean, relay: boolean}} media */
  reportMedia(call, media) {
    return this.send({ type: 'call.media', call, ...media });
  }

  /** @param {string} call @param {string} to a peer's id, or "recorder" @param {object} body */
  signal(call, to, body) {
    const message = { type: 'signal', call, to, body };
    if (this.send(message)) return;
    // Media flow on without the socket; what they have to say to each other waits for it.
    this.unsent.push(message);
    if (this.unsent.length > MOST_UNSENT) this.unsent.shift();
  }

  /**
   * @param {object} message
   * @returns {boolean} whether it left; what must not be lost goes by `say`
   */
  send(message) {
    if (!this.isOpen || !this.socket || this.socket.readyState !== 1) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  // ---- the connection

  async connect() {
    this.clear();
    this.drop(1000);
    const attempt = (this.attempt += 1);
    this.enter('connecting', '');
    let given;
    try {
      given = await this.ticket();
    } catch (error) {
      if (attempt === this.attempt && this.state.name !== 'stopped') this.ticketRefused(error);
      return;
    }
    if (attempt !== this.attempt || this.state.name === 'stopped') return;
    this.open(given);
  }

  /** @returns {Promise<{ticket: string, socket: string}>} */
  ticket() {
    if (this.options.fetchTicket) return this.options.fetchTicket();
    return request('POST', this.options.ticketUrl, {});
  }

  /** @param {unknown} error */
  ticketRefused(error) {
    const problem = error instanceof Problem ? error : new Problem(0, {});
    if (problem.status === 401) this.stop('signed_out');
    else if (problem.status === 403 || problem.status === 404) this.stop('forbidden');
    else if (!problem.passing) this.stop('over');
    else {
      // Not the socket alone: the network is gone.
      if (problem.status === 0) this.barred = 0;
      this.again(problem.retryAfterS);
    }
  }

  /** @param {{ticket: string, socket: string}} given */
  open(given) {
    let socket;
    try {
      socket = this.options.socketAt ? this.options.socketAt(given.socket) : new WebSocket(address(given.socket));
    } catch {
      this.lost(1006);
      return;
    }
    this.socket = socket;
    this.timers.welcome = setTimeout(() => this.lost(1006), WELCOME_WITHIN_MS);
    socket.onopen = () => {
      if (this.socket !== socket) return;
      socket.send(
        JSON.stringify({
          type: 'hello', ticket: given.ticket, versions: VERSIONS, page: this.page,
          since: this.have, signals_since: this.signalsHave,
        }),
      );
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(String(event.data));
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  /** Let go of the socket; what it says from now on is not heard. @param {number} code */
  drop(code) {
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState < 2) {
      try {
        socket.close(code);
      } catch {
        // a socket that never opened
      }
    }
  }

  /** @param {number} code why the connection ended */
  lost(code) {
    const welcomed = this.isOpen;
    if (!welcomed) this.barred += 1;
    this.clear();
    this.drop(1000);
    if (FINAL[code]) {
      this.stop(FINAL[code]);
      return;
    }
    if (code === 4401) {
      this.refusedTickets += 1;
      if (this.refusedTickets >= 3) {
        this.stop('signed_out');
        return;
      }
    }
    if (welcomed) this.failures = 0;
    if (code === 4429) this.again(30);
    else if (code === 1012) this.again(0.05);
    else this.again(0);
  }

  /** @param {number} afterS 0: by the number of failures */
  again(afterS) {
    this.failures += 1;
    const wait = AGAIN_S[Math.min(this.failures - 1, AGAIN_S.length - 1)];
    const ms = 1000 * (afterS || wait * (0.5 + Math.random()));
    if (this.barred >= POLL_AFTER) {
      this.enter('polling', '');
      this.polling.round();
    } else {
      this.enter('waiting', '');
    }
    this.timers.again = setTimeout(() => this.connect(), ms);
  }

  /** @param {State['name']} name @param {string} reason */
  enter(name, reason) {
    // A page that polls is not told of every vain try for a socket.
    const shown = name === 'connecting' && this.barred >= POLL_AFTER ? 'polling' : name;
    if (this.state.name === shown && this.state.reason === reason) return;
    this.state = { name: shown, reason };
    this.emit('state', this.state);
  }

  clear() {
    for (const name of Object.keys(this.timers)) clearTimeout(this.timers[name]);
    this.timers = {};
  }

  // ---- what arrives

  /** @param {string} frame */
  receive(frame) {
    let said;
    try {
      said = JSON.parse(frame);
    } catch {
      return;
    }
    switch (said.type) {
      case 'welcome':
        this.welcomed(said);
        break;
      case 'pong':
        clearTimeout(this.timers.pong);
        this.tellTime(said.wall);
        break;
      case 'said':
        this.acknowledged(said);
        break;
      case 'message':
        this.take(said);
        this.emit('messages', { more: false });
        break;
      case 'messages':
        this.took(said.items || [], Boolean(said.more));
        break;
      case 'signal':
        this.signalsHave = Math.max(this.signalsHave, Number(said.id) || 0);
        this.emit('signal', said);
        break;
      case 'call':
        this.emit('call', said.call && said.call.id ? said.call : said.id ? said : null);
        break;
      case 'room':
        this.emit('room', said.room && said.room.state ? said.room : said);
        break;
      case 'reads':
        this.emit('reads', readsOf(said));
        break;
      case 'peers':
        this.emit('peers', said.peers || said.items || []);
        break;
      case 'ice':
      case 'alert':
        this.emit(said.type, said);
        break;
      case 'error':
        this.refused(said);
        break;
      default: // of a later minor version, or `bye`, whose close frame follows
    }
  }

  /** @param {Welcome} welcome */
  welcomed(welcome) {
    clearTimeout(this.timers.welcome);
    this.failures = 0;
    this.barred = 0;
    this.refusedTickets = 0;
    this.welcome = welcome;
    this.numbers.heardOf(welcome.last);
    this.heartbeatMs = 1000 * (welcome.heartbeat_s || 15);
    this.tellTime(welcome.wall);
    this.enter('open', '');
    this.emit('welcome', welcome);
    for (const message of this.unsent.splice(0)) this.send(message);
    this.beat();
    for (const waiting of this.outbox.all()) if (!waiting.refused) this.deliver(waiting.client_id);
  }

  /** @param {string} wall */
  tellTime(wall) {
    const theirs = Date.parse(wall);
    if (!Number.isNaN(theirs)) this.skewMs = theirs - Date.now();
  }

  /** @param {Message[]} items @param {boolean} more */
  took(items, more) {
    for (const item of items) this.take(item);
    this.emit('messages', { more });
    clearTimeout(this.timers.more);
    // After `hello` the rest comes by itself; after `since` it may have to be asked for.
    if (more) this.timers.more = setTimeout(() => this.ask(), 400);
  }

  /** @param {Message} message */
  take(message) {
    if (message.client_id) this.settle(message.client_id, message.seq, message.at);
    for (const next of this.numbers.take(message)) this.emit('message', next);
    if (this.numbers.hasHole && !this.timers.hole) {
      this.ask();
      this.timers.hole = setTimeout(() => {
        this.timers.hole = undefined;
        if (this.numbers.hasHole) this.ask();
      }, 2000);
    }
  }

  ask() {
    this.send({ type: 'since', seq: this.have });
  }

  /** @param {{client_id: string, seq: number, at: string}} said */
  acknowledged(said) {
    this.numbers.heardOf(said.seq);
    this.settle(said.client_id, said.seq, said.at);
    // Its own message may have been skipped on the way to us.
    if (this.numbers.lacks(said.seq)) setTimeout(() => said.seq > this.have && this.ask(), 1000);
  }

  /** @param {string} clientId @param {number} seq @param {string} at */
  settle(clientId, seq, at) {
    clearTimeout(this.timers[clientId]);
    delete this.timers[clientId];
    if (this.outbox.take(clientId)) this.emit('said', { client_id: clientId, seq, at });
  }

  /** @param {Refusal} refusal */
  refused(refusal) {
    if (refusal.client_id && this.outbox.has(refusal.client_id)) {
      const id = refusal.client_id;
      clearTimeout(this.timers[id]);
      if (LASTING.includes(refusal.id)) {
        this.outbox.mark(id, refusal.detail || refusal.id);
        this.emit('unsaid', { client_id: id, id: refusal.id, detail: refusal.detail });
        return;
      }
      this.timers[id] = setTimeout(() => this.deliver(id), 1000 * (refusal.retry_after_s || 3));
      return;
    }
    this.emit('error', refusal);
  }

  /** @param {string} clientId */
  deliver(clientId) {
    const waiting = this.outbox.get(clientId);
    if (!waiting || waiting.refused) return;
    const { client_id, kind, text, file } = waiting;
    const left = this.send({ type: 'say', client_id, kind, ...(file ? { file } : { text }) });
    clearTimeout(this.timers[clientId]);
    if (left) this.timers[clientId] = setTimeout(() => this.deliver(clientId), SAID_WITHIN_MS);
    else if (this.state.name === 'polling') this.polling.round();
  }

  // ---- whether it lives

  beat() {
    this.timers.beat = setTimeout(() => {
      this.ping(PONG_WITHIN_MS);
      this.beat();
    }, this.heartbeatMs);
  }

  /** @param {number} withinMs */
  ping(withinMs) {
    this.pings += 1;
    if (!this.send({ type: 'ping', n: this.pings })) {
      this.lost(1006);
      return;
    }
    clearTimeout(this.timers.pong);
    this.timers.pong = setTimeout(() => this.lost(1006), withinMs);
  }
}

/** @param {string} path @returns {string} */
function address(path) {
  const base = new URL(path, location.href);
  base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return base.href;
}

/** `{role: seq}`, with or without a wrapping. @param {any} said @returns {Record<string, number>} */
function readsOf(said) {
  const from = said.reads && typeof said.reads === 'object' ? said.reads : said;
  /** @type {Record<string, number>} */
  const reads = {};
  for (const role of Object.keys(from)) if (typeof from[role] === 'number') reads[role] = from[role];
  return reads;
}
