// The patient's page of a room.

import { mountRoom, optionsOf } from './mount.js';

const root = /** @type {HTMLElement | null} */ (document.querySelector('[data-room]'));
const options = optionsOf();
if (root && options) mountRoom(root, options);
