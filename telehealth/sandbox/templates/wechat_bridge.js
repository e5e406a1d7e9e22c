// Stands in for what the WeChat client injects into a page: WeixinJSBridge, and the little of `wx` we use.
// Loaded as a plain <script src> from any origin. Styles are set through CSSOM: the page's CSP stays strict.
(() => {
  "use strict";
  if (window.WeixinJSBridge) return;
  const SANDBOX = new URL(document.currentScript.src).origin;
  const NICKNAME = "@NICKNAME@";
  const MEDICAL = "requestMedicalInsurancePay";
  const permitted = new Set();

  const post = async (path, body) => {
    const answer = await fetch(SANDBOX + path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    return answer.json();
  };

  const element = (name, text, style) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    Object.assign(made.style, style);
    return made;
  };

  const button = (text, colour, background) => {
    const made = element("button", text, {
      font: "inherit", minHeight: "48px", flex: "1", border: "0", borderRadius: "8px",
      color: colour, background, cursor: "pointer",
    });
    made.type = "button";
    return made;
  };

  /** Resolves to true when the person pays, false when they close the sheet. */
  const sheet = (title, { total, insured }) => new Promise((decide) => {
    const before = document.activeElement;
    const veil = element("div", "", {
      position: "fixed", inset: "0", zIndex: "2147483647", background: "rgba(0,0,0,.5)",
      display: "flex", alignItems: "flex-end", justifyContent: "center",
    });
    const panel = element("div", "", {
      width: "100%", maxWidth: "480px", boxSizing: "border-box", padding: "24px 20px",
      background: "#fff", color: "#111", borderRadius: "16px 16px 0 0",
      font: "16px/1.5 system-ui, sans-serif", textAlign: "center",
    });
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-modal", "true");
    panel.setAttribute("aria-label", title + "（沙箱）");
    const yuan = (fen) => "¥" + (fen / 100).toFixed(2);
    const amount = total === null ? "以订单为准" : yuan(total);
    const parts = insured ? "医保支付 " + yuan(insured) + "，自付 " + yuan(total - insured) : "";
    const buttons = element("div", "", { display: "flex", gap: "12px", marginTop: "20px" });
    const pay = button("支付", "#fff", "#07863f");
    const cancel = button("取消", "#111", "#e5e5e5");
    buttons.append(cancel, pay);
    panel.append(
      element("div", title + "（沙箱）", { color: "#555" }),
      element("div", "金额 " + amount, { fontSize: "28px", fontWeight: "600", margin: "8px 0" }),
      ...(parts ? [element("div", parts, {})] : []),
      element("div", "付款人：" + NICKNAME, { color: "#555" }),
      buttons,
    );
    veil.append(panel);
    const close = (paid) => {
      veil.remove();
      if (before instanceof HTMLElement) before.focus();
      decide(paid);
    };
    pay.addEventListener("click", () => close(true));
    cancel.addEventListener("click", () => close(false));
    veil.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close(false);
      if (event.key !== "Tab") return;
      event.preventDefault();
      (document.activeElement === pay ? cancel : pay).focus();
    });
    document.body.append(veil);
    pay.focus();
  });

  const bill = async (params) => {
    try {
      const { package: prepaid = "", mixTradeNo = "" } = params;
      const query = new URLSearchParams({ package: prepaid, mixTradeNo });
      return await (await fetch(SANDBOX + "/wechat/bill?" + query)).json();
    } catch {
      return { total: null, insured: 0 };
    }
  };

  /** One till: the sheet, then the payment sandbox's own word. `onCancel` is what closing the sheet answers. */
  const collect = async (title, path, params, api, onCancel) => {
    if (!(await sheet(title, await bill(params)))) return { err_msg: onCancel };
    try {
      return await post(path, params);
    } catch (error) {
      return { err_msg: api + ":fail", err_desc: String(error) };
    }
  };

  const apis = {
    getBrandWCPayRequest: (params) => collect(
      "微信支付", "/wechatpay/till/jsapi", params, "get_brand_wcpay_request", "get_brand_wcpay_request:cancel",
    ),
    // The true client knows no `cancel` here, and refuses a page whose wx.config did not name the call.
    requestMedicalInsurancePay: (params) => permitted.has(MEDICAL)
      ? collect("医保支付", "/wechatpay/till/medins", params, MEDICAL, MEDICAL + ":fail")
      : Promise.resolve({ err_msg: MEDICAL + ":fail, the permission value is offline verifying" }),
  };

  const invoke = (api, params, callback) => {
    const answer = apis[api] ? apis[api](params || {}) : Promise.resolve({ err_msg: api + ":fail, no such api" });
    answer.then((said) => callback && callback(said));
  };
  const nothing = () => undefined;
  window.WeixinJSBridge = Object.freeze({ invoke, call: nothing, on: nothing, log: nothing });

  // The JS-SDK's few words, unless the page brought its own.
  const readies = [];
  const errors = [];
  let configured = null;
  const config = async (asked) => {
    configured = null;
    let said;
    try {
      const { appId, timestamp, nonceStr, signature } = asked;
      const url = location.href.split("#")[0];
      said = await post("/wechat/jssdk", { appId, timestamp, nonceStr, signature, url });
    } catch {
      said = { errMsg: "config:fail" };
    }
    configured = said.errMsg === "config:ok";
    if (configured) for (const api of asked.jsApiList || []) permitted.add(api);
    if (configured) readies.splice(0).forEach((act) => act());
    else errors.forEach((act) => act(said));
  };
  const chooseWXPay = (asked) => {
    const { timestamp, success, fail, cancel, complete, ...rest } = asked;
    invoke("getBrandWCPayRequest", { ...rest, timeStamp: timestamp }, (said) => {
      const word = said.err_msg.split(":")[1];
      const told = { errMsg: "chooseWXPay:" + word };
      ({ ok: success, cancel }[word] || fail || nothing)(told);
      (complete || nothing)(told);
    });
  };
  const checkJsApi = ({ jsApiList = [], success = nothing }) => {
    const known = ["chooseWXPay", MEDICAL];
    const checkResult = Object.fromEntries(jsApiList.map((api) => [api, known.includes(api)]));
    success({ checkResult, errMsg: "checkJsApi:ok" });
  };
  if (!window.wx) {
    window.wx = {
      config, chooseWXPay, checkJsApi,
      ready: (act) => { if (configured) act(); else readies.push(act); },
      error: (act) => { errors.push(act); },
      miniProgram: { getEnv: (act) => act({ miniprogram: false }) },
    };
  }

  const announce = () => document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", announce, { once: true });
  else setTimeout(announce, 0);
})();
