// Inside the mini-program's web-view: links to its native pages, which do what a page cannot.
//
//   <a data-native="/pages/pay/pay?charge=…" href="…">   and beside it, for whoever is elsewhere,
//   <p data-native-missing hidden>…</p>

for (const link of document.querySelectorAll('[data-native]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const mini = /** @type {any} */ (window).wx?.miniProgram;
    const help = /** @type {HTMLElement | null} */ (link.parentElement?.querySelector('[data-native-missing]'));
    const missing = () => help && (help.hidden = false);
    if (!mini?.navigateTo) missing();
    else mini.navigateTo({ url: /** @type {HTMLElement} */ (link).dataset.native, fail: missing });
  });
}
