// Every page loads this once. Elements ask for what they need by data attributes; see docs/design.md.

import { enhanceEach, one, storage } from './dom.js';
import { clearDraftsOnSubmit, DRAFT, guardSubmit, leadToErrors, showWhen, submitOnChange, wakeForms } from './form.js';

/**
 * What few pages need, fetched by those that do: a phone on a weak network pays for each kilobyte.
 * @type {Record<string, () => Promise<(element: HTMLElement) => void>>}
 */
const RARE = {
  '[data-upload]': async () => (await import('./upload.js')).uploads,
  'form[data-autosave]': async () => (await import('./autosave.js')).autosave,
  '[data-countdown]': async () => (await import('./countdown.js')).startCountdown,
  '[data-reach]': async () => (await import('./net.js')).watchNetwork,
  '[data-live]': async () => {
    const { keepFresh } = await import('./live.js');
    return (element) => keepFresh(element, enhance);
  },
};

/** @param {ParentNode} root */
function enhance(root) {
  enhanceEach(root, 'form[data-form]', guardSubmit);
  enhanceEach(root, 'form[data-clear-drafts]', clearDraftsOnSubmit);
  enhanceEach(root, '[data-when]', showWhen);
  enhanceEach(root, '[data-submit-on-change]', submitOnChange);
  enhanceEach(root, '[data-error-summary]', leadToErrors);
  enhanceEach(root, '[data-go]', (link) => location.assign(/** @type {HTMLAnchorElement} */ (link).href));
  for (const [selector, fetched] of Object.entries(RARE)) {
    if (root.querySelector(selector)) fetched().then((start) => enhanceEach(root, selector, start));
  }
}

if (storage.keys().some((key) => key.startsWith(DRAFT))) import('./autosave.js').then(({ tidyDrafts }) => tidyDrafts());
wakeForms();
enhance(document);

// The chosen day or tab may lie outside a scrolled row.
for (const row of ['.days', '.seg', '.rail ul']) {
  one(`${row} [aria-current]`)?.scrollIntoView({ block: 'nearest', inline: 'center' });
}
