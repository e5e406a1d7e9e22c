// JSON over fetch. A refusal arrives as application/problem+json and is thrown as a Problem.

/** @typedef {{pointer: string, detail: string}} FieldProblem */

/** What the server (or the network) said instead of an answer. `status` is 0 when nothing came back. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, title?: string, detail?: string, errors?: FieldProblem[], facts?: Record<string, unknown>}} body
   * @param {number} retryAfterS
   */
  constructor(status, body, retryAfterS = 0) {
    super(body.detail || body.title || '');
    this.name = 'Problem';
    this.status = status;
    this.code = body.code || '';
    /** @type {FieldProblem[]} */
    this.errors = body.errors || [];
    this.facts = body.facts || {};
    this.retryAfterS = retryAfterS;
  }

  /** Worth another try without the person changing anything? */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body] sent as JSON
 * @param {{keepalive?: boolean, signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<any>} the parsed body, or null when there is none
 */
export async function call(method, url, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json, application/problem+json', ...options.headers };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      keepalive: options.keepalive,
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, {});
  }
  const parsed = await parse(response);
  if (!response.ok) throw new Problem(response.status, parsed || {}, Number(response.headers.get('Retry-After')) || 0);
  return parsed;
}

/** @param {Response} response */
async function parse(response) {
  if (response.status === 204 || !/[/+]json\b/.test(response.headers.get('Content-Type') || '')) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}
