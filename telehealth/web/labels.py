"""What a thing is called where the page is open: an app and a mini-program do not say it alike (XY19).

A page or the API names the thing; the channel decides the word. "" is a browser.
"""

from collections.abc import Mapping

from telehealth.core.i18n import N_

APP, MINI_PROGRAM, BROWSER = "app", "wxmp", ""

LABELS: Mapping[str, Mapping[str, str]] = {
    "orders": {BROWSER: N_("我的订单"), APP: N_("问诊列表"), MINI_PROGRAM: N_("订单中心")},
    # Under the icon of a tab bar.
    "orders_tab": {BROWSER: N_("订单"), APP: N_("问诊"), MINI_PROGRAM: N_("订单")},
}


def label(name: str, channel: str) -> str:
    """A message id; what a channel does not call otherwise is called as in a browser."""
    words = LABELS[name]
    return words.get(channel, words[BROWSER])
