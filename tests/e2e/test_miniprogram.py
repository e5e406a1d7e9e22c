"""The pages of miniprogram/ in Node, with a stand-in for `wx`, against a live house and its till."""

import json
import subprocess
from pathlib import Path

from tests.support.programs import ROOT
from tests.support.sandbox import Sandbox

RUNNER = Path(__file__).parents[1] / "support/wx.cjs"
SHELL = ROOT / "miniprogram"
#: A sample patient whom no other journey needs, and a WeChat nobody linked.
SHEN, PERSON = "13800000104", 77


def test_every_script_of_the_shell_can_be_read() -> None:
    scripts = list(SHELL.rglob("*.js"))
    assert scripts
    for script in scripts:
        said = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr


def test_XY15_from_the_first_sign_in_to_a_payment_on_the_native_page(live: str, sandbox: Sandbox) -> None:
    asked = {"house": live, "sandbox": sandbox.base_url, "phone": SHEN, "person": PERSON}
    done = subprocess.run(
        ["node", str(RUNNER), json.dumps(asked)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    # A stranger looks around; the page asks for the sign-in when it needs one.
    assert seen["stranger"] == f"{live}/bookings"
    assert "验证码" in seen["wrong"] and seen["onward"] == "/bookings"
    assert seen["shown"] == {"at": "/orders", "status": 200, "host": True}
    # What is one's own is not passed on.
    assert seen["shared"] == ["/pages/web/web?path=%2Fh%2Fyunan%3Fcampus%3D1", "/pages/web/web?path=%2F"]
    assert seen["renewals"] == 1
    # The sandbox's till checked the merchant's signature of exactly these.
    assert seen["paid"] == [["nonceStr", "package", "paySign", "signType", "timeStamp"]] * 2
    assert seen["amount"].startswith("¥") and seen["cancelled"] == "您取消了支付，费用还没有付"
    assert (seen["said"], seen["after"], seen["state"]) == ("", "/pay/{id}/wait", "settled")
    assert seen["again"] == "iPhone 15"
