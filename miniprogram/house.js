// The house behind the mini-program: its JSON API, and the tokens to ask it with.
// docs/api/journey.md says what each request is answered.

const { house, hospital } = require('./config');

/** What the house refused: `code` to decide by, `message` to show. */
class Refused extends Error {
  constructor(status, said) {
    super((said && said.detail) || '网络不通，请稍后再试');
    this.status = status;
    this.code = (said && said.code) || '';
  }
}

let tokens = wx.getStorageSync('tokens') || null;
let entering = null;

function keep(found) {
  tokens = found && { access: found.access_token, refresh: found.refresh_token };
  if (tokens) wx.setStorageSync('tokens', tokens);
  else wx.removeStorageSync('tokens');
}

/** One request, as it is. Rejects when nothing was answered. */
function send(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    wx.request({
      url: `${house}/api/v1${path}`,
      method,
      data: body,
      header: Object.assign({ 'content-type': 'application/json' }, headers),
      success: (answer) => resolve({ status: answer.statusCode, said: answer.data }),
      fail: () => reject(new Refused(0)),
    });
  });
}

function right(answer) {
  if (answer.status >= 400) throw new Refused(answer.status, answer.said);
  return answer.said;
}

/** What WeChat's own sign-in gives; good once, for five minutes. */
function loginCode() {
  return new Promise((resolve, reject) => {
    wx.login({ success: (given) => resolve(given.code), fail: () => reject(new Refused(0)) });
  });
}

function device() {
  return String((wx.getDeviceInfo ? wx.getDeviceInfo() : {}).model || '').slice(0, 60);
}

/** Tokens anew: by the refresh token, which works once, or by WeChat, for whoever linked it before. */
async function renew() {
  if (tokens) {
    const answer = await send('POST', '/sessions/refreshment', { refresh_token: tokens.refresh });
    if (answer.status === 200) return keep(answer.said);
    if (answer.status !== 401) throw new Refused(answer.status, answer.said);
    keep(null);
  }
  const body = { hospital, code: await loginCode(), device: device() };
  return keep(right(await send('POST', '/wechat-sessions', body)));
}

/** Two pages that find their token too old wait for one renewal: a refresh token sent twice ends the session. */
function enter() {
  if (!entering) entering = renew().finally(() => { entering = null; });
  return entering;
}

/** A request of somebody who is signed in. Rejects with `wechat_unlinked` where the phone has to come first. */
async function ask(method, path, body, headers = {}) {
  if (!tokens) await enter();
  const once = () => send(method, path, body, Object.assign({ authorization: `Bearer ${tokens.access}` }, headers));
  const used = tokens.access;
  let answer = await once();
  if (answer.status === 401) {
    // Somebody else may have renewed while this was on its way.
    if (tokens === null || tokens.access === used) await enter();
    answer = await once();
  }
  return right(answer);
}

function sendCode(phone) {
  return send('POST', '/sign-in-codes', { phone }).then(right);
}

/** The first time: phone and code, and from then on this WeChat is known. */
async function signIn(phone, code) {
  keep(right(await send('POST', '/sessions', { phone, code, channel: 'mini_program', device: device() })));
  try {
    await ask('PUT', '/me/wechat', { hospital, code: await loginCode() });
  } catch (error) {
    // It belongs to another account, as when a daughter signs her mother in: that one pays from its own phone.
    if (error.code !== 'wechat_taken') throw error;
  }
}

/** The address of one of the house's pages, opened signed in; see accounts/handing_over.py. */
async function pageAddress(target) {
  return (await ask('POST', '/me/handovers', { target })).url;
}

module.exports = { Refused, ask, house, hospital, pageAddress, sendCode, signIn };
