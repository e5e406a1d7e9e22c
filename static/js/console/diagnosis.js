// The words of the chosen diagnosis travel with its code: what is signed is what was read.

/** @param {HTMLElement} element the list of what the hospital diagnosed before */
export function diagnosis(element) {
  const list = /** @type {HTMLSelectElement} */ (element);
  const text = /** @type {HTMLInputElement | null} */ (list.form && list.form.elements.namedItem('diagnosis_text'));
  if (!text) return;
  list.addEventListener('change', () => {
    const chosen = list.selectedOptions[0];
    text.value = (chosen && chosen.dataset.text) || '';
    // A hidden field says nothing by itself, and the draft must keep both.
    text.dispatchEvent(new Event('change', { bubbles: true }));
  });
}
