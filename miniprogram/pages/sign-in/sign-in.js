// Phone and code, once; after that WeChat says who it is. The web-view leads here with `next`, and goes on there.

const { sendCode, signIn } = require('../../house');

Page({
  data: { phone: '', sent: false, busy: false, said: '' },

  onLoad(options) {
    this.next = decodeURIComponent(options.next || '') || '/';
  },

  async submit(event) {
    const { phone = this.data.phone, code = '' } = event.detail.value;
    this.setData({ busy: true, said: '' });
    try {
      if (!this.data.sent) {
        await sendCode(phone);
        this.setData({ phone, sent: true });
      } else {
        await signIn(this.data.phone, code);
        getApp().onward = this.next;
        wx.navigateBack({ fail: () => wx.reLaunch({ url: `/pages/web/web?path=${encodeURIComponent(this.next)}` }) });
      }
    } catch (error) {
      this.setData({ said: error.message });
    }
    this.setData({ busy: false });
  },

  startOver() {
    this.setData({ sent: false, said: '' });
  },
});
