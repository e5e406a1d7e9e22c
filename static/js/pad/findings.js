// What the checks say, each with why and what to do; a re-signature takes its reason where it is asked for.

import { fill } from '../dom.js';
import { el, icon, tag } from './dom.js';

/** @typedef {Record<string, any>} Finding */

const TONES = { block: 'danger', resign: 'warn', warn: '' };
const SIGNS = { block: 'octagon-x', resign: 'pen-line', warn: 'circle-alert' };

export class Findings {
  /**
   * @param {HTMLElement} root
   * @param {{texts: Record<string, any>, resign: (key: string, reason: string) => void}} context
   */
  constructor(root, context) {
    this.root = root;
    this.context = context;
    /** Reasons that are being typed. @type {Map<string, string>} */
    this.typed = new Map();
    /** @type {string} */
    this.drawn = '';
    root.addEventListener('submit', (event) => this.submitted(event));
    root.addEventListener('input', (event) => {
      const field = /** @type {HTMLInputElement} */ (event.target);
      const form = field.closest('form[data-key]');
      if (form) this.typed.set(form.getAttribute('data-key') || '', field.value);
    });
  }

  /** @param {Finding[]} findings @param {Record<string, any>[]} lines */
  show(findings, lines) {
    const now = JSON.stringify([findings, lines.map((line) => line.name)]);
    if (now === this.drawn) return;
    this.drawn = now;
    const { texts } = this.context;
    const active = document.activeElement;
    const key = active && this.root.contains(active) ? (active.closest('form[data-key]') || active).getAttribute('data-key') : null;
    if (findings.length) this.root.replaceChildren(...findings.map((finding) => this.article(finding)));
    else this.root.replaceChildren(lines.length ? el('p.clear', {}, [icon('shield-check'), texts.all_clear]) : el('p.small.sec', { text: texts.no_lines }));
    const again = /** @type {HTMLElement | null} */ (key ? this.root.querySelector(`form[data-key="${key}"] input`) : null);
    if (again) again.focus();
  }

  /** @param {Finding} finding */
  article(finding) {
    const { texts } = this.context;
    const severity = /** @type {'block' | 'resign' | 'warn'} */ (finding.severity);
    return el(`article.finding.finding-${severity}`, { 'data-code': finding.code }, [
      el('header', {}, [icon(SIGNS[severity]), el('b', { text: finding.title }), tag(TONES[severity], finding.label)]),
      el('p', { text: finding.why }),
      finding.todo ? el('p.todo', { text: finding.todo }) : null,
      finding.advice ? el('p.sec', { text: finding.advice }) : null,
      finding.reason ? el('p.again', {}, [icon('check'), fill(texts.resigned, { reason: finding.reason })]) : severity === 'resign' ? this.form(finding) : null,
    ]);
  }

  /** @param {Finding} finding */
  form(finding) {
    const { texts } = this.context;
    return el('form.resign', { 'data-key': finding.key, novalidate: true }, [
      el('input.in', { name: 'reason', maxlength: 200, value: this.typed.get(finding.key) || '', placeholder: texts.reason, 'aria-label': `${texts.reason} ${finding.title}` }),
      el('button.btn.btn-o.btn-s', { type: 'submit', text: texts.resign }),
    ]);
  }

  /** @param {Event} event */
  submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.key) return;
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem('reason'));
    this.context.resign(form.dataset.key, field.value.trim());
  }
}
