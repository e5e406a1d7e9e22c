// Small words for the document. Nothing here knows what a page is about.

/**
 * @template {Element} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T | null}
 */
export function one(selector, root = document) {
  return /** @type {T | null} */ (root.querySelector(selector));
}

/**
 * @template {Element} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T[]}
 */
export function all(selector, root = document) {
  return /** @type {T[]} */ (Array.from(root.querySelectorAll(selector)));
}

/**
 * Let `enhance` meet every element of `selector` under `root` exactly once, `root` itself included.
 * @param {ParentNode} root
 * @param {string} selector
 * @param {(element: HTMLElement) => void} enhance
 */
export function enhanceEach(root, selector, enhance) {
  const found = /** @type {HTMLElement[]} */ (all(selector, root));
  if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root);
  for (const element of found) {
    const met = (element.dataset.met || '').split(' ');
    if (met.includes(selector)) continue;
    element.dataset.met = [...met, selector].join(' ').trim();
    enhance(element);
  }
}

/**
 * Change the words of a live region; the same words twice are still announced.
 * @param {Element | null} region
 * @param {string} words
 */
export function say(region, words) {
  if (!region) return;
  if (region.textContent === words) region.textContent = '';
  region.textContent = words;
}

/**
 * @param {string} template text from the server with {name} places
 * @param {Record<string, string | number>} values
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * Words of a data attribute, or nothing: text always comes from the server.
 * @param {HTMLElement} element
 * @param {string} name camel-case dataset name
 */
export function words(element, name) {
  return element.dataset[name] || '';
}

/** Storage may be forbidden (private windows, some web-views): reading then finds nothing. */
export const storage = {
  /** @param {string} key */
  get(key) {
    try {
      return window.localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value @returns {boolean} whether it was kept */
  set(key, value) {
    try {
      window.localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },
  /** @param {string} key */
  remove(key) {
    try {
      window.localStorage.removeItem(key);
    } catch {
      // nothing was kept, so nothing is left behind
    }
  },
  /** @returns {string[]} */
  keys() {
    try {
      return Object.keys(window.localStorage);
    } catch {
      return [];
    }
  },
};
