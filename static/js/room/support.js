// What this browser can do, asked before anybody is promised a call.

/** @typedef {'denied' | 'none' | 'busy' | 'insecure' | 'inapp' | 'inmini' | 'unsupported' | 'failed'} Trouble */

/** Browsers inside other apps. Their own may open cameras; the text for them offers the way out. */
const INSIDE = /MicroMessenger|QQ\/|AlipayClient|DingTalk|Weibo|aweme|BytedanceWebview|MiuiBrowser|XiaoMi/i;

export function isInsideAnApp() {
  return isInMiniProgram() || INSIDE.test(navigator.userAgent);
}

/** A mini-program's web-view has no "open in browser" of its own: only a copied link leads out. */
export function isInMiniProgram() {
  return document.documentElement.dataset.host === 'wxmp';
}

/**
 * Why no call can be made here at all, or "" when it can be tried.
 * @returns {'' | Trouble}
 */
export function unable() {
  const makesCalls = typeof RTCPeerConnection === 'function' && 'addTransceiver' in RTCPeerConnection.prototype;
  const opensDevices = Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  if (makesCalls && opensDevices) return '';
  // Chrome hides the devices from pages that came over plain HTTP.
  if (window.isSecureContext === false) return 'insecure';
  if (isInMiniProgram()) return 'inmini';
  return isInsideAnApp() ? 'inapp' : 'unsupported';
}

/**
 * What stands behind a refusal of getUserMedia; browsers differ in their names.
 * @param {unknown} error
 * @returns {Trouble}
 */
export function troubleOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    default:
      return unable() || 'failed';
  }
}
