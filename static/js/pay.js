// Opens the payment sheet of the WeChat client. Native pages of a mini-program: native.js.
//
//   <button id="pay" data-api="getBrandWCPayRequest | requestMedicalInsurancePay" data-params="JSON"
//           data-config="JSON of wx.config, or empty" data-done="/pay/…/wait" …words>
//
// What the client answers is never proof of payment: `ok` only leads to the page that asks.

import { one } from './dom.js';

/** @typedef {{ invoke: (api: string, params: object, done: (said: { err_msg: string }) => void) => void }} Bridge */

const MEDICAL = 'requestMedicalInsurancePay';

/** @returns {Promise<Bridge>} */
function bridge() {
  const found = /** @type {any} */ (window).WeixinJSBridge;
  if (found) return Promise.resolve(found);
  return new Promise((resolve) => {
    document.addEventListener('WeixinJSBridgeReady', () => resolve(/** @type {any} */ (window).WeixinJSBridge), { once: true });
  });
}

/** A page may ask for a split payment only after `wx.config` passed. @param {object} config */
function permitted(config) {
  const wx = /** @type {any} */ (window).wx;
  return new Promise((resolve, reject) => {
    if (!wx) return reject(new Error('no wx'));
    wx.ready(() => resolve(undefined));
    wx.error(reject);
    wx.config({ ...config, jsApiList: [MEDICAL, 'checkJsApi'] });
  });
}

/** @param {HTMLButtonElement} button @param {HTMLElement} said */
async function pay(button, said) {
  button.disabled = true;
  said.textContent = '';
  try {
    const api = String(button.dataset.api);
    if (button.dataset.config) await permitted(JSON.parse(button.dataset.config));
    const client = await bridge();
    const answer = await new Promise((done) => client.invoke(api, JSON.parse(String(button.dataset.params)), done));
    const word = /** @type {{ err_msg: string }} */ (answer).err_msg;
    if (word.endsWith(':ok')) {
      location.assign(String(button.dataset.done));
      return;
    }
    if (word.endsWith(':cancel')) said.textContent = String(button.dataset.cancelled);
    else said.textContent = String(api === MEDICAL && word.includes('no such') ? button.dataset.old : button.dataset.failed);
  } catch {
    said.textContent = String(button.dataset.failed);
  }
  button.disabled = false;
}

const button = /** @type {HTMLButtonElement | null} */ (one('#pay'));
const said = /** @type {HTMLElement | null} */ (one('#pay-said'));
if (button && said) button.addEventListener('click', () => pay(button, said));
