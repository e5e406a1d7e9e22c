// The room by plain requests, until a socket opens: slower, but nothing stands still.

import { call as request, Problem } from '../api.js';

/** @typedef {import('./protocol.js').RoomSocket} RoomSocket */

const EVERY_MS = 5000;

export class Polling {
  /** @param {RoomSocket} room */
  constructor(room) {
    this.room = room;
    this.isUnderWay = false;
  }

  /** What waits goes out, what is new comes in; again and again while the room has no socket. */
  async round() {
    const { room } = this;
    if (room.state.name !== 'polling' || this.isUnderWay) return;
    this.isUnderWay = true;
    try {
      for (const waiting of room.outbox.all()) {
        if (!waiting.refused) await this.post(waiting);
      }
      await this.fetch();
    } catch {
      // the network itself is gone: the next round tells
    } finally {
      this.isUnderWay = false;
    }
    clearTimeout(room.timers.poll);
    if (room.state.name === 'polling') room.timers.poll = setTimeout(() => this.round(), EVERY_MS);
  }

  async fetch() {
    const { room } = this;
    const { messagesUrl } = room.options;
    const page = await request('GET', `${messagesUrl}?since=${room.have}`);
    room.took(page.items || [], false);
    const found = await request('GET', messagesUrl.replace(/\/messages$/, ''));
    room.numbers.heardOf(found.last);
    room.emit('room', { ...found.view, state: found.state, can: found.can });
    room.emit('reads', found.reads || {});
    room.emit('messages', { more: false });
  }

  /** @param {import('./outbox.js').Waiting} waiting */
  async post(waiting) {
    const { room } = this;
    const { client_id, kind, text, file } = waiting;
    try {
      const said = await request('POST', room.options.messagesUrl, { client_id, kind, ...(file ? { file } : { text }) });
      room.settle(client_id, said.seq, said.at);
      if (said.alert) room.emit('alert', said.alert);
    } catch (error) {
      if (!(error instanceof Problem) || error.passing) throw error;
      room.outbox.mark(client_id, error.message || error.code);
      room.emit('unsaid', { client_id, id: error.code, detail: error.message });
    }
  }
}
