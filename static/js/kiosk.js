// A keypad on the screen of the kiosk: without script the field takes a keyboard.

const form = document.querySelector('form[data-kiosk]');
const field = form && form.querySelector('input[name="code"]');
const keys = form && form.querySelector('[data-keys]');

/** Four and four, as the code is written. @param {string} digits */
const spaced = (digits) => (digits.length > 4 ? `${digits.slice(0, 4)} ${digits.slice(4)}` : digits);

if (field instanceof HTMLInputElement && keys instanceof HTMLElement) {
  const digits = () => field.value.replace(/\D/g, '').slice(0, 8);
  keys.hidden = false;
  keys.addEventListener('click', (event) => {
    const key = event.target instanceof Element ? event.target.closest('[data-key]') : null;
    if (!(key instanceof HTMLElement)) return;
    const pressed = key.dataset.key || '';
    if (pressed === 'clear') field.value = '';
    else if (pressed === 'back') field.value = spaced(digits().slice(0, -1));
    else field.value = spaced((digits() + pressed).slice(0, 8));
  });
  field.addEventListener('input', () => {
    field.value = spaced(digits());
  });
}

// Whose sheet it is stays on the screen for a minute after the last touch: whoever reads slowly goes on reading.
const HOME_AFTER_MS = 60_000;
const home = document.querySelector('[data-kiosk-home]');

if (home instanceof HTMLAnchorElement) {
  let timer = 0;
  const wait = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => window.location.replace(home.href), HOME_AFTER_MS);
  };
  for (const touch of ['pointerdown', 'keydown', 'scroll']) document.addEventListener(touch, wait, { passive: true });
  wait();
}
