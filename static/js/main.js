// Every page loads this once. Elements ask for what they need by data attributes; see docs/design.md.

import { autosave, tidyDrafts } from './autosave.js';
import { startCountdown } from './countdown.js';
import { enhanceEach, one } from './dom.js';
import { clearDraftsOnSubmit, guardSubmit, leadToErrors, showWhen, submitOnChange, wakeForms } from './form.js';
import { keepFresh } from './live.js';
import { uploads } from './upload.js';

/** @param {ParentNode} root */
function enhance(root) {
  enhanceEach(root, '[data-upload]', uploads);
  enhanceEach(root, 'form[data-autosave]', autosave);
  enhanceEach(root, 'form[data-form]', guardSubmit);
  enhanceEach(root, 'form[data-clear-drafts]', clearDraftsOnSubmit);
  enhanceEach(root, '[data-when]', showWhen);
  enhanceEach(root, '[data-submit-on-change]', submitOnChange);
  enhanceEach(root, '[data-error-summary]', leadToErrors);
  enhanceEach(root, '[data-countdown]', startCountdown);
  enhanceEach(root, '[data-go]', (link) => location.assign(/** @type {HTMLAnchorElement} */ (link).href));
  enhanceEach(root, '[data-live]', (element) => keepFresh(element, enhance));
}

tidyDrafts();
wakeForms();
enhance(document);

// The chosen day or tab may lie outside a scrolled row.
for (const row of ['.days', '.seg', '.rail ul']) {
  one(`${row} [aria-current]`)?.scrollIntoView({ block: 'nearest', inline: 'center' });
}
