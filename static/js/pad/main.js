// The pad: what is typed is kept as it is typed, checked by the server, and signed as this page shows it.

import { Problem, call } from '../api.js';
import { fill, one, say } from '../dom.js';
import { el, icon, tag } from './dom.js';
import { Finder } from './finder.js';
import { Findings } from './findings.js';
import { Lines } from './lines.js';

/** @typedef {Record<string, any>} View */

const WAIT_MS = 500;
const RETRY_MS = [2000, 5000, 15000, 30000];

class Pad {
  /** @param {HTMLElement} root @param {Record<string, any>} data */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.texts = data.texts;
    /** @type {View} */
    this.view = data.pad;
    this.version = this.view.version;
    this.edits = 0;
    this.kept = 0;
    this.timer = 0;
    this.tries = 0;
    /** @type {Promise<boolean> | null} */
    this.saving = null;
    this.stopped = false;
    this.facts = /** @type {HTMLFormElement} */ (this.part('[data-pad-facts]'));
    this.said = this.part('[data-pad-saved]');
    const isHerb = this.view.kind === 'herb';
    this.lines = new Lines(this.part('[data-pad-lines]'), {
      texts: this.texts, options: data.options, isHerb,
      changed: () => this.changed(), done: (typed) => this.finder.focus(typed), confirm: (id) => this.act(`lines/${id}/confirmation`),
      tell: (words) => say(one('[data-finder-said]'), words),
    });
    this.findings = new Findings(this.part('[data-pad-findings]'), { texts: this.texts, resign: (key, reason) => this.act('resignatures', { key, reason }) });
    this.finder = new Finder(this.part('[data-finder]'), { api: data.api, texts: this.texts, isHerb, take: (hit, role, ahead) => this.lines.add(hit, role, ahead) });
    this.listen();
    this.show(this.view, true);
    if (!this.view.lines.length) this.finder.focus();
  }

  /** @param {string} selector @returns {HTMLElement} */
  part(selector) {
    return /** @type {HTMLElement} */ (this.root.querySelector(selector));
  }

  listen() {
    this.facts.addEventListener('input', () => this.changed());
    this.facts.addEventListener('change', () => this.changed());
    this.facts.addEventListener('submit', (event) => event.preventDefault());
    for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (this.root.querySelectorAll('form[data-pad-act]'))) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        const what = form.dataset.padAct || '';
        if (what === 'signature') this.sign();
        else this.act(what);
      });
    }
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('online', () => this.schedule(0));
    window.addEventListener('beforeunload', (event) => {
      if (this.edits !== this.kept && !this.stopped) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.schedule(0);
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey && !event.ctrlKey && event.code === 'KeyF') {
      event.preventDefault();
      this.finder.focus();
    } else if (event.ctrlKey && event.key === 'Enter') {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement | null} */ (this.root.querySelector('[data-pad-sign]'));
      // In sight before it is pressed: a signature is no slip of two fingers.
      if (button && document.activeElement === button) button.click();
      else if (button) button.focus();
    }
  }

  changed() {
    this.edits += 1;
    this.tell(this.texts.unsaved, 'dirty');
    this.schedule(WAIT_MS);
  }

  /** @param {number} ms */
  schedule(ms) {
    if (this.stopped || this.edits === this.kept) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), ms);
  }

  /** Everything typed so far; whether the server has all of it. @returns {Promise<boolean>} */
  async save() {
    window.clearTimeout(this.timer);
    if (this.saving) {
      await this.saving;
      return this.save();
    }
    if (this.edits === this.kept || this.stopped) return !this.stopped;
    this.saving = this.send();
    const done = await this.saving;
    this.saving = null;
    if (done && this.edits !== this.kept) this.schedule(WAIT_MS);
    return done && this.edits === this.kept;
  }

  /** @returns {Promise<boolean>} */
  async send() {
    const edits = this.edits;
    this.tell(this.texts.saving, 'saving');
    try {
      const view = await call('PUT', `${this.data.api}/pad`, { version: this.version, page: this.data.page, facts: this.typed(), lines: this.lines.input });
      this.tries = 0;
      this.kept = edits;
      this.show(view, false);
      this.tell(this.edits === this.kept ? this.texts.saved : this.texts.unsaved, 'saved');
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** @param {unknown} error */
  fail(error) {
    const problem = error instanceof Problem ? error : new Problem(0, {});
    if (problem.passing) {
      this.tell(this.texts.failed, 'failed');
      this.timer = window.setTimeout(() => this.save(), problem.retryAfterS * 1000 || RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
      this.tries += 1;
      return;
    }
    if (problem.code === 'prescription_outdated' || problem.code === 'prescription_fixed') {
      this.stopped = true;
      this.notice('danger', problem.code === 'prescription_outdated' ? this.texts.outdated : problem.message, true);
      return;
    }
    this.tell(this.texts.stale, 'failed');
    const words = problem.errors.map((each) => each.detail);
    this.notice('warn', words.length ? Array.from(new Set(words)).join('；') : problem.message);
    this.blame(problem);
  }

  /** Fields the server refused, as "/lines/0/dose". @param {Problem} problem */
  blame(problem) {
    const marks = new Map();
    for (const each of problem.errors) {
      const found = /^\/lines\/(\d+)/.exec(each.pointer);
      if (found) marks.set(Number(found[1]), 'block');
    }
    if (marks.size) this.lines.mark(marks);
  }

  /** @returns {Record<string, any>} */
  typed() {
    const form = new FormData(this.facts);
    const text = (/** @type {string} */ name) => String(form.get(name) || '').trim();
    const many = (/** @type {string} */ name) => form.getAll(name).map(String);
    /** @type {Record<string, any>} */
    const facts = {};
    for (const name of ['tcm_disease', 'tcm_syndrome', 'weight_kg', 'pregnant', 'lactating', 'allergies', 'egfr', 'assessment', 'supply_reason', 'validity_reason', 'fee_class']) facts[name] = text(name);
    for (const name of ['diagnoses', 'allergy_classes']) facts[name] = many(name);
    for (const name of ['allergies_reviewed', 'stable']) facts[name] = form.get(name) !== null;
    if (this.view.kind === 'herb') facts.decoction = this.decoction(text);
    return facts;
  }

  /** @param {(name: string) => string} text */
  decoction(text) {
    /** @type {Record<string, any>} */
    const plan = { temperature: text('temperature'), timing: text('decoction_timing'), decocted_by: text('decocted_by'), note: text('decoction_note') };
    // An emptied number is being typed anew: the last one stands meanwhile.
    for (const name of ['doses', 'doses_per_day', 'times_per_day', 'volume_ml']) plan[name] = Number(text(name)) || this.view.facts.decoction[name];
    return plan;
  }

  /** Something is done to the sheet as it is saved. @param {string} what @param {Record<string, any>} [body] */
  async act(what, body = {}) {
    if (!(await this.save())) return;
    try {
      const view = await call('POST', `${this.data.api}/${what}`, { version: this.version, page: this.data.page, ...body });
      if (view.other_href) {
        this.stopped = true;
        window.location.assign(this.data.href);
        return;
      }
      this.show(view, true);
      this.tell(this.texts.saved, 'saved');
    } catch (error) {
      this.refused(error);
    }
  }

  async sign() {
    const button = /** @type {HTMLButtonElement} */ (this.part('[data-pad-sign]'));
    if (button.getAttribute('aria-busy') === 'true' || !(await this.save())) return;
    button.setAttribute('aria-busy', 'true');
    this.tell(this.texts.signing, 'saving');
    try {
      await call('POST', `${this.data.api}/signature`, { version: this.version, page: this.data.page });
      this.stopped = true;
      window.location.assign(this.data.href);
    } catch (error) {
      button.removeAttribute('aria-busy');
      this.refused(error);
    }
  }

  /** @param {unknown} error */
  refused(error) {
    const problem = error instanceof Problem ? error : new Problem(0, {});
    if (problem.code === 'step_up_needed') {
      this.stopped = true;
      window.location.assign(`/staff/step-up?next=${encodeURIComponent(this.data.href)}`);
      return;
    }
    this.tell('', '');
    const words = problem.errors.map((each) => each.detail);
    this.notice('warn', words.length ? Array.from(new Set(words)).join('；') : problem.message || this.texts.sign_again);
    this.blame(problem);
    this.reload();
  }

  async reload() {
    try {
      this.show(await call('GET', `${this.data.api}/pad`), false);
    } catch {
      // What is shown stays; the next save tells.
    }
  }

  /** @param {View} view @param {boolean} whole nothing on the page is newer */
  show(view, whole) {
    this.view = view;
    this.version = view.version;
    this.lines.take(view.lines, whole);
    this.findings.show(view.findings, view.lines);
    const marks = new Map();
    for (const finding of view.findings.slice().reverse()) {
      if (!finding.reason) for (const place of finding.lines) marks.set(place, finding.severity);
    }
    this.lines.mark(marks);
    this.part('[data-pad-total]').textContent = view.total_words;
    this.part('[data-pad-weight]').textContent = view.weight_words;
    this.part('[data-pad-split]').hidden = !view.split;
    this.verdict(view);
    this.missing(view);
    const notice = this.part('[data-pad-notice]');
    if (!this.stopped) notice.hidden = true;
  }

  /** @param {View} view */
  verdict(view) {
    const open = view.findings.filter((/** @type {any} */ each) => !each.reason);
    const counts = ['block', 'resign', 'warn'].map((severity) => open.filter((/** @type {any} */ each) => each.severity === severity).length);
    const tags = ['danger', 'warn', ''].map((tone, place) => (counts[place] ? tag(tone, `${this.texts.severity[['block', 'resign', 'warn'][place]]} ${counts[place]}`) : null));
    const target = this.part('[data-pad-verdict]');
    target.replaceChildren(...tags.filter((each) => each !== null));
    if (!open.length && view.lines.length) target.append(tag('ok', this.texts.all_clear, 'check'));
  }

  /** @param {View} view */
  missing(view) {
    const words = Array.from(new Set(Object.values(view.missing)));
    if (view.unconfirmed.length) words.push(fill(this.texts.unconfirmed, { n: view.unconfirmed.length }));
    const target = this.part('[data-pad-missing]');
    target.replaceChildren();
    if (words.length) {
      target.append(el('p.small', {}, [el('b', { text: this.texts.missing })]), el('ul.missing', {}, words.map((each) => el('li', { text: each }))));
    }
    this.part('[data-pad-sign]').classList.toggle('is-ready', view.can_sign);
    const long = /** @type {HTMLDetailsElement | null} */ (this.root.querySelector('.pad-long'));
    if (long && (view.missing['facts.supply_reason'] || view.missing['facts.stable'])) long.open = true;
  }

  /** @param {string} kind @param {string} words @param {boolean} [reload] */
  notice(kind, words, reload = false) {
    const target = this.part('[data-pad-notice]');
    target.hidden = false;
    const link = reload ? el('a', { href: this.data.href, text: '↻' }) : null;
    target.replaceChildren(el(`div.alert.alert-${kind}`, { role: 'alert' }, [icon('circle-alert'), el('div', {}, [words, link ? ' ' : null, link])]));
    target.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} words @param {string} state */
  tell(words, state) {
    this.said.dataset.state = state;
    if (this.said.textContent !== words) say(this.said, words);
  }
}

const root = /** @type {HTMLElement | null} */ (one('[data-pad]'));
const written = one('#pad');
if (root && written) {
  const pad = new Pad(root, JSON.parse(written.textContent || '{}'));
  root.dataset.ready = pad ? '1' : '';
}
