// The one thing a web-view cannot do. Opened with `charge`, and `cover` when the insurer pays a part.

const { ask, hospital } = require('../../house');

/** Opens WeChat's own sheet. "ok" is what the client says, which is never proof of payment. */
function openSheet(invocation, isSplit) {
  return new Promise((resolve) => {
    const call = isSplit ? wx.requestMedicalInsurancePay : wx.requestPayment;
    if (!call) return resolve('微信版本太旧，请先升级微信');
    return call.call(wx, Object.assign({}, invocation, {
      success: () => resolve(''),
      fail: ({ errMsg = '' }) => resolve(errMsg.endsWith('cancel') ? '您取消了支付，费用还没有付' : '支付没有完成，可以再试一次'),
    }));
  });
}

/** After a payment, and only then: may WeChat tell how it goes on? Each yes is one message. */
async function offerMessages() {
  const offered = await ask('GET', `/me/wechat/subscriptions?hospital=${hospital}`);
  const tmplIds = offered.map((one) => one.template_id).slice(0, 3);
  if (!tmplIds.length || !wx.requestSubscribeMessage) return;
  const answers = await new Promise((resolve) => {
    wx.requestSubscribeMessage({ tmplIds, success: resolve, fail: () => resolve({}) });
  });
  const given = {};
  tmplIds.forEach((id) => { if (answers[id]) given[id] = answers[id]; });
  if (Object.keys(given).length) await ask('POST', '/me/wechat/subscriptions', { hospital, answers: given });
}

Page({
  data: { charge: null, amount: '', cover: '', busy: false, said: '' },

  async onLoad({ charge, cover = '' }) {
    try {
      const found = await ask('GET', `/charges/${charge}`);
      this.setData({ charge: found, cover, amount: `¥${(found.amount / 100).toFixed(2)}` });
    } catch (error) {
      this.setData({ said: error.message });
    }
  },

  async pay() {
    const { charge, cover } = this.data;
    this.setData({ busy: true, said: '' });
    try {
      const body = { way: 'mini_program', cover_id: cover || null };
      const { invocation } = await ask('POST', `/charges/${charge.id}/orders`, body);
      const trouble = await openSheet(invocation, Boolean(cover));
      if (trouble) {
        this.setData({ said: trouble });
      } else {
        // Ask the house, which asks WeChat Pay; the page we go back to goes on asking.
        await ask('POST', `/charges/${charge.id}/verification`).catch(() => undefined);
        await offerMessages().catch(() => undefined);
        getApp().onward = `/pay/${charge.id}/wait`;
        this.leave();
      }
    } catch (error) {
      this.setData({ said: error.message });
    }
    this.setData({ busy: false });
  },

  leave() {
    wx.navigateBack({ fail: () => wx.reLaunch({ url: '/pages/web/web' }) });
  },
});
