// What was said and not yet stored by the server, kept by this browser so that a reload loses nothing.
//
// One key a message, so that two tabs never write over each other. Keys begin as those of drafts do, and hold
// what drafts hold: signing out forgets them, and so does a week (autosave.js).

import { storage } from '../dom.js';
import { DRAFT } from '../form.js';

/** @typedef {{client_id: string, kind: string, text: string, file: string, order: number, refused: string}} Waiting */

export class Outbox {
  /** @param {string} owner room and account */
  constructor(owner) {
    this.prefix = `${DRAFT}room:${owner}:`;
    /** @type {Map<string, Waiting>} */
    this.items = new Map();
    this.order = Date.now();
    for (const item of this.kept()) this.items.set(item.client_id, item);
  }

  /** @param {{kind: string, text?: string, file?: string}} what @returns {Waiting} */
  put(what) {
    this.order += 1;
    const item = { client_id: uuid(), kind: what.kind, text: what.text || '', file: what.file || '', order: this.order, refused: '' };
    this.items.set(item.client_id, item);
    this.keep(item);
    return item;
  }

  /** @param {string} clientId */
  get(clientId) {
    return this.items.get(clientId) || null;
  }

  /** @param {string} clientId */
  has(clientId) {
    return this.items.has(clientId);
  }

  /** In the order they were said. @returns {Waiting[]} */
  all() {
    return Array.from(this.items.values()).sort((a, b) => a.order - b.order);
  }

  /** @param {string} clientId @param {string} refused why, or "" */
  mark(clientId, refused) {
    const item = this.items.get(clientId);
    if (!item) return;
    item.refused = refused;
    this.keep(item);
  }

  /** @param {string} clientId @returns {Waiting | null} */
  take(clientId) {
    const item = this.items.get(clientId) || null;
    this.items.delete(clientId);
    if (item) storage.remove(this.prefix + clientId);
    return item;
  }

  /** @param {Waiting} item */
  keep(item) {
    storage.set(this.prefix + item.client_id, JSON.stringify({ at: Date.now(), values: item }));
  }

  /** @returns {Waiting[]} */
  kept() {
    const found = [];
    for (const key of storage.keys()) {
      if (!key.startsWith(this.prefix)) continue;
      try {
        const { values } = JSON.parse(storage.get(key) || '{}');
        if (values && typeof values.client_id === 'string') found.push(values);
      } catch {
        storage.remove(key);
      }
    }
    return found;
  }
}

/**
 * crypto.randomUUID came with Chrome 92 and Safari 15.4, and never outside HTTPS.
 *
 * @returns {string} a random UUID, version 4
 */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
