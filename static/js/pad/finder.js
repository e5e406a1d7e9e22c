// Find a drug as it is typed: name, pinyin initials or code. Arrows choose, Enter takes; nothing is taken by itself.

import { call } from '../api.js';
import { fill, say } from '../dom.js';
import { el, tag } from './dom.js';

/** @typedef {Record<string, any>} Hit */

const WAIT_MS = 90;
/** On a herb sheet a digit in front says the role: "2dg" is 当归 as chen. */
const ROLES = ['jun', 'chen', 'zuo', 'shi'];

export class Finder {
  /**
   * @param {HTMLElement} root
   * @param {{api: string, texts: Record<string, any>, isHerb: boolean, take: (hit: Hit, role: string, ahead: string) => void}} context
   */
  constructor(root, context) {
    this.context = context;
    this.input = /** @type {HTMLInputElement} */ (root.querySelector('input'));
    this.list = /** @type {HTMLElement} */ (root.querySelector('[role="listbox"]'));
    this.said = root.querySelector('[data-finder-said]');
    /** @type {Hit[]} */
    this.hits = [];
    this.at = 0;
    this.timer = 0;
    this.asked = 0;
    /** What the hits shown are for. */
    this.shown = '';
    this.wantsFirst = false;
    /** What was typed after that Enter, for the line to come. */
    this.ahead = '';
    root.hidden = false;
    this.input.addEventListener('input', () => this.typed());
    this.input.addEventListener('keydown', (event) => this.key(event));
    this.input.addEventListener('blur', () => window.setTimeout(() => this.left(), 150));
    this.list.addEventListener('mousedown', (event) => this.clicked(event));
  }

  /** @param {string} [typed] what was typed for it already */
  focus(typed = '') {
    this.input.focus();
    if (typed) {
      const [text, ...rest] = typed.split('\n');
      this.input.value = text;
      this.typed();
      this.wantsFirst = rest.length > 0 && text !== '';
      this.ahead = rest.join('\n');
    }
    this.input.scrollIntoView({ block: 'nearest' });
  }

  /** The hands went elsewhere, unless they are back already. */
  left() {
    if (document.activeElement !== this.input) this.close();
  }

  /** What is looked for, without the role in front. */
  get wanted() {
    return this.split()[1];
  }

  /** @returns {[string, string]} role and text */
  split() {
    const text = this.input.value.trim();
    const found = this.context.isHerb ? /^([1-4])(?=[^0-9])(.*)$/.exec(text) : null;
    return found ? [ROLES[Number(found[1]) - 1], found[2].trim()] : ['', text];
  }

  typed() {
    window.clearTimeout(this.timer);
    this.wantsFirst = false;
    this.ahead = '';
    if (!this.wanted) {
      this.close();
      return;
    }
    this.timer = window.setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const wanted = this.wanted;
    const turn = (this.asked += 1);
    try {
      const hits = await call('GET', `${this.context.api}/drugs?q=${encodeURIComponent(wanted)}`);
      if (turn !== this.asked || wanted !== this.wanted) return;
      this.show(wanted, hits);
    } catch {
      if (turn === this.asked) this.show(wanted, []);
    }
  }

  /** @param {string} wanted @param {Hit[]} hits */
  show(wanted, hits) {
    this.hits = hits;
    this.shown = wanted;
    this.at = Math.max(0, hits.findIndex((hit) => !hit.refusal));
    this.list.replaceChildren(...(hits.length ? hits.map((hit, place) => this.option(hit, place)) : [el('li.none', { role: 'presentation', text: this.context.texts.nothing })]));
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
    say(this.said, hits.length ? fill(this.context.texts.hits, { n: hits.length }) : this.context.texts.nothing);
    this.mark();
    // Enter came before the answer: fast hands do not wait for the network.
    if (this.wantsFirst) this.take();
  }

  /** @param {Hit} hit @param {number} place */
  option(hit, place) {
    const { texts } = this.context;
    const facts = [
      hit.refusal ? tag('danger', hit.refusal) : null,
      hit.can.pickup_only ? tag('warn', texts.pickup) : null,
      hit.can.cold_chain ? tag('info', texts.cold) : null,
      hit.in_stock ? el('span.sec.num', { text: fill(texts.stock, { n: hit.stock }) }) : tag('danger', texts.no_stock),
    ];
    return el('li', { id: `hit-${place}`, role: 'option', 'data-place': place, 'aria-disabled': hit.refusal ? 'true' : null }, [
      el('span.hit-name', {}, [el('b', { text: hit.name }), el('small.num', { text: `${hit.code} ${hit.detail}` })]),
      el('span.hit-facts', {}, facts),
      el('span.hit-price', {}, [el('b.num', { text: hit.price }), el('small', { text: hit.insurance })]),
    ]);
  }

  mark() {
    for (const [place, item] of Array.from(this.list.querySelectorAll('[role="option"]')).entries()) {
      item.setAttribute('aria-selected', String(place === this.at));
      if (place === this.at) item.scrollIntoView({ block: 'nearest' });
    }
    if (this.hits.length) this.input.setAttribute('aria-activedescendant', `hit-${this.at}`);
    else this.input.removeAttribute('aria-activedescendant');
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.wantsFirst && (event.key.length === 1 || event.key === 'Enter')) {
      event.preventDefault();
      this.ahead += event.key === 'Enter' ? '\n' : event.key;
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!this.hits.length) return;
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.at = (this.at + step + this.hits.length) % this.hits.length;
      this.mark();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (!this.wanted) return;
      if (this.shown === this.wanted && !this.list.hidden) this.take();
      else this.wantsFirst = true;
    } else if (event.key === 'Escape') {
      this.input.value = '';
      this.close();
    }
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const item = event.target instanceof Element ? event.target.closest('li[data-place]') : null;
    if (!item) return;
    event.preventDefault();
    this.at = Number(item.getAttribute('data-place'));
    this.take();
  }

  take() {
    const hit = this.hits[this.at];
    const ahead = this.ahead;
    this.wantsFirst = false;
    this.ahead = '';
    if (!hit || hit.refusal) return;
    const [role] = this.split();
    this.input.value = '';
    this.close();
    this.context.take(hit, role, ahead);
  }

  close() {
    window.clearTimeout(this.timer);
    this.asked += 1;
    this.hits = [];
    this.shown = '';
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}
