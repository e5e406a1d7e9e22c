// Shows one of the house's pages, signed in if this WeChat is known; whoever is not may look around first.

const { Refused, house, pageAddress } = require('../../house');

/** A page of the house that anybody may be sent; what is one person's own is not passed on. */
const SHARED = /^\/(h|go)\//;

/**
 * Which page is meant: by a link within the mini-program (`path`), a QR code that holds one of the house's
 * addresses (`q`), or a mini-program code, whose scene is the id of a doctor, a department or a campus.
 */
function targetOf(options) {
  const path = decodeURIComponent(options.path || '');
  if (path.startsWith('/')) return path;
  const scanned = decodeURIComponent(options.q || '');
  if (scanned.startsWith(`${house}/`)) return scanned.slice(house.length);
  const scene = decodeURIComponent(options.scene || '');
  return /^[0-9a-f]{32}$/.test(scene) ? `/go/${scene}` : '/';
}

Page({
  data: { src: '', said: '' },

  onLoad(options) {
    this.show(targetOf(options));
  },

  // Back from a native page: go on where it says.
  onShow() {
    const app = getApp();
    if (!app.onward) return;
    const target = app.onward;
    app.onward = '';
    this.show(target);
  },

  again() {
    this.show(this.target);
  },

  async show(target) {
    this.target = target;
    this.setData({ said: '' });
    try {
      this.setData({ src: await pageAddress(target) });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === 'wechat_unlinked') this.setData({ src: house + target });
      else this.setData({ src: '', said: error.message });
    }
  },

  onShareAppMessage({ webViewUrl = '' }) {
    const shown = webViewUrl.startsWith(house) ? webViewUrl.slice(house.length) : '';
    const path = SHARED.test(shown) ? shown : '/';
    return { title: '互联网医院', path: `/pages/web/web?path=${encodeURIComponent(path)}` };
  },
});
