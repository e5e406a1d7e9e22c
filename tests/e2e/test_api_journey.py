"""The whole journey through the API alone, as `docs/api/journey.md` tells it to whoever writes a client."""

import time
from pathlib import Path

import pyotp

from telehealth.demo.accounts import STAFF
from tests.support.couriers import CourierDesk
from tests.support.sandbox import Sandbox
from tests.support.walkthrough import walk

DOCUMENT = Path(__file__).parents[2] / "docs/api/journey.md"
STEP_S = 30


def shown_to(login: str, ahead: int) -> str:
    """The number of a sample authenticator, `ahead` half-minutes from now."""
    secret = next(one.totp_secret for one in STAFF if one.login == login)
    return pyotp.TOTP(secret).at(int(time.time()) + ahead * STEP_S)


def test_XY15_from_the_code_to_the_door_through_the_api_alone(live: str, sandbox: Sandbox) -> None:
    CourierDesk(sandbox).pushes_go_to(live)
    taken = walk(DOCUMENT, live, sandbox.base_url, shown_to)
    assert len(taken.asked) > 60
    assert taken.kept["person"] and taken.kept["sheet"]
