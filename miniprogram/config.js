// The only file an installation changes, beside the appid in project.config.json. There is no secret in here,
// and there must never be one: whoever installs a mini-program can read it.
module.exports = {
  // Also a "request legal domain" and a "business domain" of the mini-program.
  house: 'https://hospital.example',
  // The hospital whose mini-program this is, by its code.
  hospital: 'yunan',
};
