// Messages in the order of their numbers, each once, in whatever order they arrive. Pure: no socket, no clock.

/** @typedef {import('./protocol.js').Message} Message */

export class Numbering {
  constructor() {
    /** Everything up to this number was handed on. */
    this.have = 0;
    /** The number of the room's last message as far as we know. */
    this.last = 0;
    /** @type {Map<number, Message>} beyond a hole */
    this.early = new Map();
  }

  /** @param {number} seq of a message that exists */
  heardOf(seq) {
    this.last = Math.max(this.last, Number(seq) || 0);
  }

  /** Those whose turn it is now, one after the other. @param {Message} message */
  *take(message) {
    this.heardOf(message.seq);
    if (message.seq <= this.have) return;
    this.early.set(message.seq, message);
    for (let next = this.early.get(this.have + 1); next; next = this.early.get(this.have + 1)) {
      this.have = next.seq;
      this.early.delete(next.seq);
      yield next;
    }
  }

  /** What we hold waits for something before it. */
  get hasHole() {
    return this.early.size > 0;
  }

  /** It can be neither handed on nor among what waits. @param {number} seq */
  lacks(seq) {
    return seq > this.have + this.early.size;
  }
}
