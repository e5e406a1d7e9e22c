// Elements without markup in text: names, attributes, children.

/**
 * @param {string} tag name, with classes after dots: "p.sys"
 * @param {Record<string, string | boolean | number | null | undefined>} [attributes] `text` is the words inside
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

/** Icons come with the page. */
export class Icons {
  /** @param {ParentNode} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {string} name @returns {Node} */
  get(name) {
    const found = this.root.querySelector(`[data-room-icons] [data-icon="${name}"] svg`);
    return found ? found.cloneNode(true) : document.createTextNode('');
  }
}

/**
 * The hospital's day and hour, whatever the phone's zone.
 * @param {string} lang
 */
export function clockOf(lang) {
  const zone = 'Asia/Shanghai';
  const time = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone });
  const day = new Intl.DateTimeFormat(lang, { month: 'short', day: 'numeric', timeZone: zone });
  return {
    /** @param {string | number} at */
    time: (at) => time.format(new Date(at)),
    /** @param {string | number} at */
    day: (at) => day.format(new Date(at)),
    /** @param {string | number} at @param {number} now */
    instant: (at, now) => (day.format(new Date(at)) === day.format(new Date(now)) ? time.format(new Date(at)) : `${day.format(new Date(at))} ${time.format(new Date(at))}`),
  };
}

/** @param {number} seconds */
export function minutes(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
