// A file on its way: offered a place, carried there, finished. A lost network stops it and does not end it.
//
//   1  offer()          → {id, method: "PUT" | "POST", url, headers, fields, finish_url, expires_in_s}
//   2  PUT the bytes with headers, or POST a form of fields and then the file
//   3  POST finish_url  → what the server made of it; finishing again changes nothing
//
// Whatever passes (no network, a busy server) is tried again by itself, ever more slowly, and at once when the
// network returns. The same place is used while it is open; a place that closed meanwhile is asked for anew, and
// never before the old one said that nothing arrived: so the file is there once.

import { call, Problem } from './api.js';
import { storage } from './dom.js';
import { DRAFT } from './form.js';

/** @typedef {{id: string, method: string, url: string, headers?: Record<string, string>, fields?: Record<string, string>, finish_url: string, expires_in_s?: number}} Grant */
/** @typedef {'sending' | 'checking' | 'waiting'} Stage */

const SLOWEST_S = 30;
/** Tries in a row without anything achieved, after which only the network's return or a person begins another. */
const PATIENCE = 6;
/** A place is not begun to be filled in its last seconds. */
const SPARE_S = 60;
/** Another place, or once more to the same, at most so often. */
const DETOURS = 4;

/** The person does not want it any more. */
export class Abandoned extends Error {}

/**
 * @template {{id: string, name?: string, problem?: string | null}} T
 * @param {{
 *   file: File,
 *   item: EventTarget,
 *   offer: () => Promise<Grant>,
 *   tell: (share: number) => void,
 *   at: (stage: Stage, isResting: boolean) => void,
 *   withdraw?: (finished: T) => void,
 * }} job an `abandon` event on `item` ends it, an `again` event tries at once; `at` is told where it is, and
 *   whether it rests until somebody says so; `withdraw` gets what was finished and is not wanted
 * @returns {Promise<T>} rejects with a Problem that another try would not mend, or Abandoned
 */
export async function deliver(job) {
  /** @type {Grant | null} */
  let grant = null;
  let closesAt = 0;
  let isThere = false;
  let isGone = false;
  let tries = 0;
  let detours = 0;
  job.item.addEventListener('abandon', () => (isGone = true), { once: true });

  for (;;) {
    try {
      if (isGone) throw new Abandoned();
      if (!grant) {
        job.at('sending', false);
        grant = await job.offer();
        closesAt = Date.now() + ((grant.expires_in_s || 600) - SPARE_S) * 1000;
        tries = 0;
      }
      if (isGone) throw new Abandoned();
      if (!isThere) {
        job.at('sending', false);
        await carry(grant, job.file, job.item, job.tell);
        isThere = true;
        tries = 0;
      }
      job.at('checking', false);
      const finished = /** @type {T} */ (await call('POST', grant.finish_url, {}));
      if (finished.problem) throw new Problem(422, { detail: finished.problem });
      if (isGone) {
        if (job.withdraw) job.withdraw(finished);
        throw new Abandoned();
      }
      return finished;
    } catch (error) {
      if (isGone || error instanceof Abandoned) throw new Abandoned();
      if (!(error instanceof Problem)) throw error;
      const isClosed = !isThere && grant && (error.status === 401 || error.status === 403 || error.status === 404);
      if (isThere && error.code === 'upload_missing') isThere = false;
      else if (!isClosed && !error.passing) throw error;
      if (isClosed || error.code === 'upload_missing') {
        detours += 1;
        if (detours > DETOURS) throw error;
      }
      if (isClosed || (!isThere && Date.now() > closesAt)) grant = null;
      if (error.passing) {
        tries += 1;
        const isResting = tries >= PATIENCE;
        job.at('waiting', isResting);
        const isWoken = await pause(job.item, isResting ? 0 : Math.max(Math.min(2 ** (tries - 1), SLOWEST_S), error.retryAfterS));
        if (isWoken) tries = 0;
      }
    }
  }
}

/**
 * Until the time is over (0: never by itself), the network returns, or somebody says so.
 * @param {EventTarget} item @param {number} seconds @returns {Promise<boolean>} whether it was woken
 */
function pause(item, seconds) {
  return new Promise((resolve) => {
    const wake = new AbortController();
    const timer = seconds ? window.setTimeout(() => over(false), seconds * 1000) : 0;
    const over = (/** @type {boolean} */ isWoken) => {
      window.clearTimeout(timer);
      wake.abort();
      resolve(isWoken);
    };
    const on = () => over(true);
    // Safari before 15 knows no `signal`: waking what is awake does nothing.
    window.addEventListener('online', on, { once: true, signal: wake.signal });
    item.addEventListener('again', on, { once: true, signal: wake.signal });
    item.addEventListener('abandon', on, { once: true, signal: wake.signal });
  });
}

/**
 * XMLHttpRequest, because fetch cannot tell how much has been sent.
 * @param {Grant} grant
 * @param {File} file
 * @param {EventTarget} item an `abandon` event on it ends the sending
 * @param {(share: number) => void} tell
 * @returns {Promise<void>}
 */
export function carry(grant, file, item, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(grant.method, grant.url);
    for (const [name, value] of Object.entries(grant.headers || {})) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => event.lengthComputable && tell(event.loaded / event.total));
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Problem(request.status, problemOf(request)));
    });
    request.addEventListener('error', () => reject(new Problem(0, {})));
    request.addEventListener('abort', () => reject(new Problem(0, {})));
    item.addEventListener('abandon', () => request.abort(), { once: true });
    // Some networks go without a word: a request that hangs is given up once the browser knows.
    window.addEventListener('offline', () => request.abort(), { once: true });
    request.send(grant.method.toUpperCase() === 'POST' ? multipart(grant, file) : file);
  });
}

/** @param {Grant} grant @param {File} file */
function multipart(grant, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(grant.fields || {})) form.append(name, value);
  form.append('file', file); // S3 ignores every field after the file
  return form;
}

/** @param {XMLHttpRequest} request */
function problemOf(request) {
  if (!/[/+]json\b/.test(request.getResponseHeader('Content-Type') || '')) return {};
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

/**
 * Names of files that are on their way, kept by this browser: a page that is left loses the file and says so
 * when it is opened again. Keys begin as those of drafts do, so signing out forgets them, and so does a week.
 */
export class Underway {
  /** @param {string} owner what the files are for */
  constructor(owner) {
    this.key = `${DRAFT}files:${owner}`;
    /** Of the page before this one. @type {string[]} */
    this.left = this.read();
    /** @type {string[]} */
    this.now = [];
  }

  /** @param {string} name @returns {() => void} it is here, or not wanted */
  began(name) {
    this.now.push(name);
    this.keep();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.now.splice(this.now.indexOf(name), 1);
      this.keep();
    };
  }

  /** The person knows. @param {string} name */
  told(name) {
    this.left.splice(this.left.indexOf(name), 1);
    this.keep();
  }

  keep() {
    const names = [...this.left, ...this.now];
    if (names.length) storage.set(this.key, JSON.stringify({ at: Date.now(), values: { names } }));
    else storage.remove(this.key);
  }

  /** @returns {string[]} */
  read() {
    try {
      const kept = JSON.parse(storage.get(this.key) || 'null');
      return kept && Array.isArray(kept.values.names) ? kept.values.names.map(String) : [];
    } catch {
      return [];
    }
  }
}
