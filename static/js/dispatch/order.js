// One order: the scanner's field stays ready, and the check is offered once all ten matches are ticked.

import { all, one } from '../dom.js';

const scan = /** @type {HTMLInputElement | null} */ (one('#scan'));
scan?.focus();

const checks = /** @type {HTMLFormElement | null} */ (one('form[data-checks]'));
if (checks) {
  const boxes = /** @type {HTMLInputElement[]} */ (all('input[type="checkbox"]', checks));
  const done = /** @type {HTMLButtonElement | null} */ (one('[data-primary]', checks));
  const look = () => {
    if (done) done.disabled = boxes.some((box) => !box.checked);
  };
  checks.addEventListener('change', look);
  look();
}
