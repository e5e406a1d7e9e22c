// The parts of a recording play one after the other. The address of each is asked for when it is played: that
// is what gets written down as a view.
//
//   <div data-player data-say-failed> <div data-leg> <video hidden> <a data-part="/api/…/link"> <p data-player-said>

import { call } from '../api.js';
import { all, enhanceEach, one, say, words } from '../dom.js';

/** @param {HTMLElement} leg */
function player(leg) {
  const video = /** @type {HTMLVideoElement | null} */ (one('video', leg));
  const parts = /** @type {HTMLAnchorElement[]} */ (all('a[data-part]', leg));
  const said = one('[data-player-said]', leg);
  const box = /** @type {HTMLElement | null} */ (leg.closest('[data-player]'));
  if (!video || !box) return;
  let at = -1;

  /** @param {number} index */
  const play = async (index) => {
    if (index >= parts.length) return;
    at = index;
    for (const [n, part] of parts.entries()) {
      if (n === index) part.setAttribute('aria-current', 'true');
      else part.removeAttribute('aria-current');
    }
    say(said, '');
    try {
      const answer = await call('GET', words(parts[index], 'part'));
      video.hidden = false;
      video.src = answer.url;
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException)) say(said, (error instanceof Error && error.message) || words(box, 'sayFailed'));
    }
  };

  for (const [index, part] of parts.entries()) {
    part.addEventListener('click', (event) => {
      event.preventDefault();
      play(index);
    });
  }
  video.addEventListener('ended', () => play(at + 1));
  video.addEventListener('error', () => say(said, words(box, 'sayFailed')));
}

enhanceEach(document, '[data-leg]', player);
