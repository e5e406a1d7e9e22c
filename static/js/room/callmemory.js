// The tab's own memory of the call it is in; a reload keeps it, another tab has none.

export class CallMemory {
  /** @param {string} room */
  constructor(room) {
    this.key = `room:${room}:call`;
  }

  /** @param {string} call */
  keep(call) {
    try {
      sessionStorage.setItem(this.key, call);
    } catch {
      // then the members of the call tell
    }
  }

  /** @param {string} call */
  holds(call) {
    try {
      return sessionStorage.getItem(this.key) === call;
    } catch {
      return false;
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }
}
