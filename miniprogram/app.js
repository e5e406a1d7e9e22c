App({
  // Where the web-view goes on when a native page has done its part; see pages/web.
  onward: '',
});
