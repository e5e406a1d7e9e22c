// Small drawing words of the pad: elements, icons, announcements. Text only, never markup.

import { one } from '../dom.js';

/**
 * @param {string} tag name, with classes after dots: "li.line"
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] `text` is the words inside
 * @param {(Node | string | null)[]} [children]
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, children = []) {
  const [name, ...classes] = tag.split('.');
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'text') made.textContent = String(value);
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null) made.append(child);
  return made;
}

/** Icons come with the page. @param {string} name @returns {Node} */
export function icon(name) {
  const found = one(`[data-pad-icons] [data-icon="${name}"] svg`);
  return found ? found.cloneNode(true) : document.createTextNode('');
}

/** @param {string} kind @param {string} words @param {string} [sign] */
export function tag(kind, words, sign = '') {
  return el(kind ? `span.tag.tag-${kind}` : 'span.tag', {}, [sign ? icon(sign) : null, words]);
}

/**
 * @param {string} value chosen
 * @param {[string, string][]} options
 * @param {Record<string, string>} attributes
 * @returns {HTMLSelectElement}
 */
export function select(value, options, attributes) {
  const made = /** @type {HTMLSelectElement} */ (el('select.in', attributes));
  for (const [code, words] of options) {
    made.append(el('option', { value: code, text: words, selected: code === value }));
  }
  return made;
}

/** A version 4 UUID, for browsers without randomUUID, too. */
export function newId() {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
