// Runs the pages of miniprogram/ as WeChat would, against a live house: `wx`, `Page` and `App` are stand-ins
// that know as much of WeChat as those pages need, and pay at the sandbox's till.
//
//   node wx.cjs '{"house": …, "sandbox": …, "phone": …, "person": 77}'   prints what was seen, as JSON

const path = require('node:path');

const given = JSON.parse(process.argv[2]);
const SHELL = path.join(__dirname, '../../miniprogram');
const AGENT = 'Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.60 miniProgram/wxsample';

require.cache[path.join(SHELL, 'config.js')] = {
  id: 'config', filename: 'config', loaded: true, exports: { house: given.house, hospital: 'yunan' },
};

const seen = { requests: [], navigated: [], paid: [], asked: [] };
const storage = {};
let shell = null;
let current = null;

async function json(url, method = 'GET', body = undefined) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return (await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })).json();
}

globalThis.wx = {
  getStorageSync: (name) => storage[name] || '',
  setStorageSync: (name, value) => { storage[name] = value; },
  removeStorageSync: (name) => { delete storage[name]; },
  getDeviceInfo: () => ({ model: 'iPhone 15' }),
  request({ url, method, data, header, success, fail }) {
    const body = method === 'GET' || data === undefined ? undefined : JSON.stringify(data);
    seen.requests.push(`${method} ${new URL(url).pathname.replace(/[0-9a-f-]{36}/g, '{id}')}`);
    fetch(url, { method, headers: { ...header, 'user-agent': AGENT }, body }).then(
      async (answer) => {
        const text = await answer.text();
        success({ statusCode: answer.status, data: text ? JSON.parse(text) : '' });
      },
      fail,
    );
  },
  login({ success }) {
    json(`${given.sandbox}/wechat/people/${given.person}/js-code`, 'POST', {}).then((said) => success({ code: said.code }));
  },
  requestPayment({ success, fail, ...call }) {
    seen.paid.push(Object.keys(call).sort());
    json(`${given.sandbox}/wechatpay/till/jsapi`, 'POST', { ...call, outcome: given.outcome || 'ok' }).then((said) => {
      if (said.err_msg.endsWith(':ok')) success({ errMsg: 'requestPayment:ok' });
      else fail({ errMsg: `requestPayment:fail ${said.err_msg.split(':')[1]}` });
    });
  },
  requestSubscribeMessage({ tmplIds, success }) {
    seen.asked.push(tmplIds.length);
    success(Object.fromEntries(tmplIds.map((id) => [id, 'accept'])));
  },
  navigateBack: () => { seen.navigated.push('back'); },
  reLaunch: ({ url }) => { seen.navigated.push(url); },
};
globalThis.App = (options) => { shell = options; };
globalThis.getApp = () => shell;
globalThis.Page = (options) => {
  current = { ...options, data: { ...options.data } };
  current.setData = function setData(more) { Object.assign(this.data, more); };
};

function open(name) {
  const file = path.join(SHELL, `pages/${name}/${name}.js`);
  delete require.cache[file];
  require(file);
  return current;
}

/** As the web-view loads it: redirects followed, cookies kept. */
async function view(src) {
  const cookies = {};
  let url = src;
  for (let hops = 0; hops < 5; hops += 1) {
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { 'user-agent': AGENT, cookie } });
    answer.headers.getSetCookie().forEach((line) => {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      cookies[name] = value;
    });
    if (answer.status !== 303) return { at: new URL(url).pathname, status: answer.status, text: await answer.text() };
    url = new URL(answer.headers.get('location'), url).href;
  }
  throw new Error('redirected for ever');
}

/** A seat to come in person: it asks for no form, and is paid online. */
async function hold(house) {
  const person = (await house.ask('GET', '/people'))[0];
  const notice = await house.ask('GET', '/hospitals/yunan/notice');
  const accepted = { sha256: notice.sha256, channel: 'mini_program', person_id: person.id };
  await house.ask('POST', '/hospitals/yunan/notice/acceptance', accepted);
  for (const clinic of await house.ask('GET', '/clinics?hospital=yunan&kind=offline')) {
    const slot = (await house.ask('GET', `/clinics/${clinic.id}/slots`)).find((one) => one.remaining > 0);
    if (!slot) continue;
    try {
      return await house.ask('POST', '/bookings', { slot_id: slot.id, person_id: person.id });
    } catch (error) {
      // Whoever sits in this clinic already looks for another.
      if (!String(error.message).includes('已有预约')) throw error;
    }
  }
  throw new Error('no seat');
}

async function main() {
  require(path.join(SHELL, 'app.js'));
  const house = require(path.join(SHELL, 'house.js'));

  // Nobody signed in yet: the page is shown all the same, and leads to the sign-in.
  const web = open('web');
  await web.show('/bookings');
  seen.stranger = web.data.src;

  const texts = async () => (await json(`${given.sandbox}/sms/messages?phone=${given.phone}`)).messages;
  const before = new Set((await texts()).map((one) => JSON.stringify(one)));
  const entry = open('sign-in');
  entry.onLoad({ next: encodeURIComponent('/bookings') });
  await entry.submit({ detail: { value: { phone: given.phone } } });
  // It arrives when the carrier brings it, and the phone may be told something else meanwhile.
  let code;
  for (let tries = 0; !code && tries < 900; tries += 1) {
    // The demo asked for one when it opened this account, and the next is given a minute later.
    if (tries % 200 === 199 && !entry.data.sent) await entry.submit({ detail: { value: { phone: given.phone } } });
    code = (await texts()).filter((one) => !before.has(JSON.stringify(one))).map((one) => one.params[0])
      .find((word) => /^\d{6}$/.test(word));
    if (!code) await new Promise((done) => { setTimeout(done, 100); });
  }
  await entry.submit({ detail: { value: { code: '000000' === code ? '000001' : '000000' } } });
  seen.wrong = entry.data.said;
  await entry.submit({ detail: { value: { code } } });
  seen.onward = shell.onward;
  if (!seen.onward) throw new Error(`not signed in: ${entry.data.said}`);

  // Back in the web-view, which goes on where it was told to.
  const page = open('web');
  page.target = '/bookings';
  page.onShow();
  while (!page.data.src && !page.data.said) await new Promise((done) => { setTimeout(done, 20); });
  const shown = await view(page.data.src);
  seen.shown = { at: shown.at, status: shown.status, host: shown.text.includes('data-host="wxmp"') };
  seen.shared = [page.onShareAppMessage({ webViewUrl: `${given.house}/h/yunan?campus=1` }).path,
    page.onShareAppMessage({ webViewUrl: `${given.house}/bookings/1` }).path];

  // An old access token, and two pages that notice at once: one renewal.
  storage.tokens.access = 'old';
  seen.requests.length = 0;
  await Promise.all([house.ask('GET', '/me'), house.ask('GET', '/me')]);
  seen.renewals = seen.requests.filter((one) => one.endsWith('/refreshment')).length;

  // What is owed, paid on the native page.
  const held = await hold(house);
  const charge = await house.ask('POST', `/bookings/${held.id}/charge`);
  const pay = open('pay');
  await pay.onLoad({ charge: charge.id });
  seen.amount = pay.data.amount;
  given.outcome = 'cancel';
  await pay.pay();
  seen.cancelled = pay.data.said;
  given.outcome = 'ok';
  await pay.pay();
  seen.said = pay.data.said;
  seen.after = shell.onward.replace(charge.id, '{id}');
  seen.state = (await house.ask('GET', `/charges/${charge.id}`)).state;

  // WeChat knows them now: without anything kept, and without a code.
  delete storage.tokens;
  Object.keys(require.cache).filter((file) => file.endsWith('miniprogram/house.js')).forEach((file) => delete require.cache[file]);
  seen.again = (await require(path.join(SHELL, 'house.js')).ask('GET', '/me/sessions')).find((one) => one.current).device;
  process.stdout.write(JSON.stringify(seen));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
