// Tells whoever listens; a listener that fails does not keep the others from hearing.

/** @typedef {(value: any) => void} Listener */

export class Emitter {
  constructor() {
    /** @type {Map<string, Set<Listener>>} */
    this.listeners = new Map();
  }

  /**
   * @param {string} type
   * @param {Listener} listener
   * @returns {() => void} stops the listening
   */
  on(type, listener) {
    const known = this.listeners.get(type) || new Set();
    known.add(listener);
    this.listeners.set(type, known);
    return () => known.delete(listener);
  }

  /** @param {string} type @param {any} [value] */
  emit(type, value) {
    for (const listener of Array.from(this.listeners.get(type) || [])) {
      try {
        listener(value);
      } catch (error) {
        // Shown by the console as any uncaught error is.
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}
