// The lines of a sheet: one row each, worked by keyboard. What the server computes is shown, never typed over.

import { fill } from '../dom.js';
import { el, icon, newId, select, tag } from './dom.js';

/** @typedef {Record<string, any>} Line */
/** @typedef {Record<string, any>} Texts */

const FIELDS = ['dose', 'frequency', 'days', 'route', 'quantity', 'role', 'grams', 'special', 'timing', 'note'];

export class Lines {
  /**
   * @param {HTMLElement} root
   * @param {{texts: Texts, options: Record<string, any>, isHerb: boolean, changed: () => void, done: (typed?: string) => void, confirm: (id: string) => void, tell: (words: string) => void}} context
   */
  constructor(root, context) {
    this.root = root;
    this.context = context;
    /** @type {Line[]} */
    this.lines = [];
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    root.replaceChildren();
    root.addEventListener('input', (event) => this.typed(event));
    root.addEventListener('change', (event) => this.typed(event));
    root.addEventListener('keydown', (event) => this.key(event));
    root.addEventListener('click', (event) => this.clicked(event));
  }

  /** What the server keeps, in this order. */
  get input() {
    return this.lines.map((line) => {
      /** @type {Record<string, any>} */
      const sent = { id: line.id, drug_code: line.drug_code };
      for (const name of FIELDS) sent[name] = line[name] === undefined || line[name] === null ? '' : String(line[name]);
      if (!line.is_quantity_own) sent.quantity = '';
      return sent;
    });
  }

  /** @param {Line} hit what was found @param {string} role @param {string} [ahead] what was typed meanwhile */
  add(hit, role, ahead = '') {
    const there = this.lines.find((line) => line.drug_code === hit.code);
    if (there) {
      // Twice on one sheet is never meant: the hands go to the line there is.
      const row = this.rows.get(there.id);
      const field = /** @type {HTMLInputElement | null} */ (row ? row.querySelector(this.context.isHerb ? '[name="grams"]' : '[name="dose"]') : null);
      if (field) {
        field.focus();
        field.select();
      }
      return;
    }
    const before = this.lines[this.lines.length - 1];
    const line = {
      ...hit, id: newId(), drug_code: hit.code, dose: '', frequency: '', days: '', quantity: '', grams: '', special: '', timing: '', note: '',
      role: this.context.isHerb ? role || (before ? before.role : 'jun') : '', is_quantity_own: false, copied: false, confirmed: true,
      quantity_unit: '', amount_words: '', dose_words: '', resigned_because: '',
    };
    this.lines.push(line);
    this.draw();
    const row = this.rows.get(line.id);
    const first = /** @type {HTMLElement | null} */ (row ? row.querySelector(this.context.isHerb ? '[name="grams"]' : '[name="dose"]') : null);
    if (first) first.focus();
    if (first && ahead) this.hurry(line, /** @type {HTMLInputElement} */ (first), ahead);
    this.context.tell(fill(this.context.texts.added, { name: hit.name }));
    this.context.changed();
  }

  /** Fast hands: the amount, Enter and perhaps the next drug came before the line did. @param {Line} line @param {HTMLInputElement} field @param {string} ahead */
  hurry(line, field, ahead) {
    const [amount, ...rest] = ahead.split('\n');
    field.value = amount;
    if (field.name === 'grams') this.weigh(line, field, amount);
    else line[field.name] = amount;
    if (!rest.length) return;
    if (this.context.isHerb) {
      this.tidy(line, field);
      this.context.done(rest.join('\n'));
    } else this.next(line, field);
  }

  /**
   * What the server says of them now. A field somebody stands in keeps what is typed there.
   * @param {Line[]} views @param {boolean} whole the page has nothing newer
   */
  take(views, whole) {
    if (whole) this.lines = views.map((view) => ({ ...view, days: view.days || '' }));
    else {
      const known = new Map(views.map((view) => [String(view.id), view]));
      for (const line of this.lines) {
        const view = known.get(line.id);
        if (view) for (const name of ['name', 'detail', 'amount_words', 'dose_words', 'in_stock', 'stock', 'can', 'quantity_unit', 'copied', 'confirmed']) line[name] = view[name];
        if (view && !line.is_quantity_own) line.quantity = view.quantity;
      }
    }
    this.draw();
  }

  draw() {
    const { texts } = this.context;
    const wanted = new Set(this.lines.map((line) => line.id));
    for (const [id, row] of this.rows) {
      if (wanted.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    for (const [place, line] of this.lines.entries()) {
      let row = this.rows.get(line.id);
      if (!row) {
        row = this.context.isHerb ? this.herb(line) : this.medicine(line);
        this.rows.set(line.id, row);
      }
      this.fill(row, line, place);
      if (this.root.children[place] !== row) {
        // A row that is moved must not lose the hands that are on it.
        const active = /** @type {HTMLElement | null} */ (row.contains(document.activeElement) ? document.activeElement : null);
        this.root.insertBefore(row, this.root.children[place] || null);
        if (active) active.focus();
      }
    }
    const none = this.root.querySelector('.line-none');
    if (this.lines.length && none) none.remove();
    if (!this.lines.length && !none) this.root.append(el('li.line-none.sec', { text: texts.no_lines }));
  }

  /** @param {HTMLElement} row @param {Line} line @param {number} place */
  fill(row, line, place) {
    const { texts } = this.context;
    row.dataset.place = String(place);
    row.classList.toggle('line-copied', Boolean(line.copied && !line.confirmed));
    for (const name of FIELDS) {
      const field = /** @type {HTMLInputElement | null} */ (row.querySelector(`[name="${name}"]`));
      if (!field || field === document.activeElement) continue;
      const value = line[name] === undefined || line[name] === null ? '' : String(line[name]);
      if (field.value !== value) field.value = value;
    }
    const quantity = /** @type {HTMLInputElement | null} */ (row.querySelector('[name="quantity"]'));
    if (quantity) quantity.classList.toggle('is-own', Boolean(line.is_quantity_own));
    this.text(row, '[data-words]', line.dose_words ? `= ${line.dose_words}` : '');
    this.text(row, '[data-pack]', line.quantity_unit || '');
    this.text(row, '[data-sum]', line.amount_words || '');
    this.text(row, '[data-number]', String(place + 1));
    const role = row.querySelector('[data-role]');
    if (role) {
      role.className = `role role-${line.role}`;
      role.textContent = texts.roles[line.role] || '·';
    }
    const tags = row.querySelector('[data-tags]');
    if (tags) tags.replaceChildren(...this.tags(line));
  }

  /** @param {HTMLElement} row @param {string} selector @param {string} words */
  text(row, selector, words) {
    const found = row.querySelector(selector);
    if (found && found.textContent !== words) found.textContent = words;
  }

  /** What this line can and cannot do. @param {Line} line */
  tags(line) {
    const { texts, isHerb } = this.context;
    const can = line.can || {};
    const made = [];
    if (line.copied) made.push(tag(line.confirmed ? 'ok' : 'warn', line.confirmed ? texts.copied_ok : texts.copied, 'copy'));
    if (line.copied && !line.confirmed) made.push(el('button.btn.btn-t.btn-s', { type: 'button', 'data-do': 'confirm', text: texts.confirm }));
    if (line.insurance) made.push(tag('', line.insurance));
    if (!isHerb) made.push(can.pickup_only ? tag('warn', texts.pickup, 'hospital') : tag('ok', texts.courier, 'truck'));
    if (can.cold_chain) made.push(tag('info', texts.cold, 'snowflake'));
    if (!isHerb && !can.long_rx) made.push(tag('', texts.short, 'calendar-range'));
    made.push(line.in_stock ? tag('', fill(texts.stock, { n: line.stock })) : tag('danger', texts.no_stock, 'package-x'));
    return made;
  }

  /** @param {Line} line */
  medicine(line) {
    const { texts, options } = this.context;
    return el('li.line', { 'data-id': line.id }, [
      el('div.line-name', {}, [el('span.no.num', { 'data-number': true }), el('b', { text: line.name }), el('small.num', { text: `${line.detail} ${line.price}` })]),
      el('div.line-use', {}, [
        this.number('dose', line, `${texts.dose} ${line.name}`, line.amount_unit, 'dose'),
        el('span.words.sec', { 'data-words': true }),
        select(line.frequency, [['', texts.frequency], ...options.frequencies.map((/** @type {[string, string]} */ [code, words]) => [code, `${code} ${words}`])], { name: 'frequency', 'aria-label': `${texts.frequency} ${line.name}` }),
        this.number('days', line, `${texts.days} ${line.name}`, texts.day, 'days'),
        this.number('quantity', line, `${texts.quantity} ${line.name}`, '', 'packs', texts.auto),
      ]),
      el('div.line-sum.num', { 'data-sum': true }),
      this.acts(line),
      el('div.line-tags', { 'data-tags': true }),
      el('details.line-more', {}, [
        el('summary', { text: texts.more }),
        el('div.line-more-in', {}, [
          this.labelled(texts.route, select(line.route, options.routes.map((/** @type {string} */ each) => [each, each]), { name: 'route' })),
          this.labelled(texts.timing, select(line.timing, options.timings.map((/** @type {[string, string]} */ [code, words]) => [code, words || texts.none]), { name: 'timing' })),
          this.labelled(texts.note, el('input.in', { name: 'note', maxlength: 200, value: line.note })),
        ]),
      ]),
    ]);
  }

  /** @param {Line} line */
  herb(line) {
    const { texts, options } = this.context;
    const steps = [['', '—'], ...options.steps.map((/** @type {[string, string]} */ [words]) => [words, words])];
    return el('li.line.line-piece', { 'data-id': line.id }, [
      el('button.role', { type: 'button', 'data-role': true, 'data-do': 'role', 'aria-label': texts.role, title: texts.role }),
      el('div.line-name', {}, [el('b', { text: line.name }), el('small.num', { text: `${line.detail} ${line.price}` })]),
      this.number('grams', line, `${line.name} ${texts.grams}`, 'g', 'dose'),
      select(line.special, /** @type {[string, string][]} */ (steps), { name: 'special', 'aria-label': `${texts.special} ${line.name}` }),
      el('div.line-sum.num', { 'data-sum': true }),
      this.acts(line),
      el('div.line-tags', { 'data-tags': true }),
    ]);
  }

  /** @param {string} name @param {Line} line @param {string} label @param {string} unit @param {string} cls @param {string} [title] */
  number(name, line, label, unit, cls, title = '') {
    const field = el('input.in.in-num', {
      name, type: 'text', inputmode: 'decimal', autocomplete: 'off', maxlength: 12, value: line[name] || '', 'aria-label': label, title,
    });
    return el(`span.amount.amount-${cls}`, {}, [field, el('span', name === 'quantity' ? { 'data-pack': true } : { text: unit })]);
  }

  /** @param {string} words @param {HTMLElement} field */
  labelled(words, field) {
    return el('label', {}, [el('span', { text: words }), field]);
  }

  /** @param {Line} line */
  acts(line) {
    const { texts } = this.context;
    const made = [['up', 'chevron-up'], ['down', 'chevron-down'], ['remove', 'trash-2']];
    return el('div.line-acts', {}, made.map(([what, sign]) => el('button.btn-ico', { type: 'button', 'data-do': what, 'aria-label': `${texts[what]} ${line.name}`, title: texts[what], tabindex: '-1' }, [icon(sign)])));
  }

  /** @param {Event | KeyboardEvent} event @returns {Line | null} */
  of(event) {
    const row = event.target instanceof Element ? event.target.closest('li[data-id]') : null;
    return (row && this.lines.find((line) => line.id === row.getAttribute('data-id'))) || null;
  }

  /** @param {Event} event */
  typed(event) {
    const line = this.of(event);
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (!line || !field.name) return;
    const value = field.value.trim();
    if (field.name === 'grams') this.weigh(line, field, value);
    else if (String(line[field.name] || '') === value) return;
    else line[field.name] = value;
    if (field.name === 'quantity') line.is_quantity_own = value !== '';
    this.context.changed();
  }

  /** "9xj" is nine grams, boiled first. @param {Line} line @param {HTMLInputElement} field @param {string} value */
  weigh(line, field, value) {
    const found = /^([0-9.]*)\s*([a-z]+)$/i.exec(value);
    line.grams = found ? found[1] : value;
    if (!found) return;
    const step = this.context.options.steps.find((/** @type {[string, string]} */ [, initials]) => initials === found[2].toLowerCase());
    if (!step) return;
    line.special = step[0];
    const row = this.rows.get(line.id);
    const chosen = /** @type {HTMLSelectElement | null} */ (row ? row.querySelector('[name="special"]') : null);
    if (chosen) chosen.value = step[0];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const line = this.of(event);
    if (!line || event.isComposing) return;
    const field = /** @type {HTMLElement} */ (event.target);
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      this.move(line, event.key === 'ArrowUp' ? -1 : 1);
    } else if (event.altKey && (event.key === 'Delete' || event.key === 'Backspace')) {
      event.preventDefault();
      this.remove(line);
    } else if (event.altKey && this.context.isHerb && /^Digit[1-4]$/.test(event.code)) {
      event.preventDefault();
      this.setRole(line, ['jun', 'chen', 'zuo', 'shi'][Number(event.code.slice(5)) - 1]);
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.altKey && ['INPUT', 'SELECT'].includes(field.tagName)) {
      event.preventDefault();
      this.next(line, field);
    }
  }

  /** Enter goes on: dose, frequency, days, and back to the next drug. @param {Line} line @param {HTMLElement} field */
  next(line, field) {
    if (this.context.isHerb) {
      this.tidy(line, field);
      this.context.done();
      return;
    }
    const order = ['dose', 'frequency', 'days'];
    const at = order.indexOf(field.getAttribute('name') || '');
    const row = this.rows.get(line.id);
    const following = at >= 0 && at < 2 && row ? /** @type {HTMLElement | null} */ (row.querySelector(`[name="${order[at + 1]}"]`)) : null;
    if (following) following.focus();
    else this.context.done();
  }

  /** The letters of a step leave the field. @param {Line} line @param {HTMLElement} field */
  tidy(line, field) {
    if (field instanceof HTMLInputElement && field.name === 'grams') field.value = line.grams;
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const button = event.target instanceof Element ? event.target.closest('[data-do]') : null;
    const line = this.of(event);
    if (!button || !line) return;
    const what = button.getAttribute('data-do');
    if (what === 'up') this.move(line, -1);
    else if (what === 'down') this.move(line, 1);
    else if (what === 'remove') this.remove(line);
    else if (what === 'confirm') this.context.confirm(line.id);
    else if (what === 'role') this.setRole(line, { jun: 'chen', chen: 'zuo', zuo: 'shi' }[/** @type {'jun'} */ (line.role)] || 'jun');
  }

  /** @param {Line} line @param {string} role */
  setRole(line, role) {
    line.role = role;
    this.draw();
    this.context.tell(`${line.name} ${this.context.texts.roles[role]}`);
    this.context.changed();
  }

  /** @param {Line} line @param {number} by */
  move(line, by) {
    const from = this.lines.indexOf(line);
    const to = from + by;
    if (to < 0 || to >= this.lines.length) return;
    this.lines.splice(from, 1);
    this.lines.splice(to, 0, line);
    this.draw();
    this.context.tell(fill(this.context.texts.moved, { name: line.name, n: to + 1 }));
    this.context.changed();
  }

  /** @param {Line} line */
  remove(line) {
    this.lines = this.lines.filter((each) => each !== line);
    this.draw();
    this.context.tell(fill(this.context.texts.removed, { name: line.name }));
    this.context.changed();
    this.context.done();
  }

  /** Lines a check or an error speaks of. @param {Map<number, string>} marks place → severity */
  mark(marks) {
    for (const row of this.rows.values()) {
      const severity = marks.get(Number(row.dataset.place)) || '';
      if (severity) row.dataset.severity = severity;
      else delete row.dataset.severity;
    }
  }
}
