// The conversation in the middle of the desk: the room itself, prepared sentences, and what changed meanwhile.

import { mountRoom, optionsOf } from '../room/mount.js';
import { all, one } from '../dom.js';

const root = /** @type {HTMLElement | null} */ (one('[data-talk]'));
const options = optionsOf();
// A visit that is over is read as the server drew it.
if (root && options && ['waiting', 'admitted'].includes(root.dataset.state || '')) {
  const room = mountRoom(root, options);

  for (const button of /** @type {HTMLButtonElement[]} */ (all('button[data-quick]', root))) {
    button.addEventListener('click', (event) => {
      event.preventDefault();
      room.chat.say({ kind: 'quick', text: button.value });
    });
  }

  root.addEventListener('room-view', (event) => {
    const view = /** @type {CustomEvent} */ (event).detail;
    const quick = /** @type {HTMLElement | null} */ (one('[data-quick-row]', root));
    if (quick) quick.hidden = !(view.can && view.can.write);
    // Drawn by the server: the file, the note and the deeds of another state.
    const other = view.state !== root.dataset.state || Boolean(view.urgent) !== (root.dataset.urgent === '1');
    const changed = /** @type {HTMLElement | null} */ (one('[data-talk-changed]', root));
    if (changed) changed.hidden = !other;
  });
}
