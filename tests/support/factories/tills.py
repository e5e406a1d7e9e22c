"""Somebody with a seat in their hand and its price before them, where every outside party answers."""

import html
import json
import re
from typing import Any

import httpx2

from telehealth.accounts.linking_wechat import link, who_opened
from telehealth.bookings.paying import open_charge
from telehealth.core.unit import Units
from telehealth.payments.models import Charge
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.bookings import House, Patient, book
from tests.support.factories.schedule import add_clinic
from tests.support.sandbox import Sandbox

_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
#: What a client says of itself, by where a page is open.
DESKTOP = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
PHONE = {"user-agent": _PHONE}
WECHAT = {"user-agent": f"{_PHONE} MicroMessenger/8.0.60"}
STAND_IN = {**DESKTOP, "sec-fetch-dest": "iframe"}
MINI_PROGRAM = {"user-agent": f"{_PHONE} MicroMessenger/8.0.60 miniProgram/wxsample"}


async def add_bill(
    units: Units, house: House, who: Patient, kind: ClinicKind = ClinicKind.INTERNET
) -> Charge:
    """Of 50 yuan, for a seat in three days that is held for a quarter of an hour."""
    planned = await add_clinic(units, house.doctor, kind=kind)
    more: dict[str, Any] = {} if kind is ClinicKind.INTERNET else {"check_id": None, "form_id": None}
    booking = await book(units, house, who, planned.slot.id, **more)
    async with units.of(who.actor) as unit:
        return await open_charge(unit, booking.id)


async def be_known_in_wechat(
    units: Units, sandbox: Sandbox, who: Patient, person: int = 1, *, mini: bool = False
) -> str:
    """They came in through WeChat once, as one of its sample people; their openid."""
    code = (sandbox.js_code if mini else sandbox.oauth_code)(person)["code"]
    user = await who_opened(units, "yunan", code, mini=mini)
    await link(units, who.actor, user)
    return user.openid


def go_to_insurer(url: str, who: Patient, outcome: str = "allow") -> str:
    """What the patient does on the insurer's page; the address it sends the browser back to."""
    said = httpx2.post(url, data={"certno": who.person.document_number, "outcome": outcome})
    return str(said.headers["location"])


def handed_over(page: httpx2.Response, name: str) -> Any:
    """What the button that opens WeChat holds for the script: `params`, `config`."""
    found = re.search(rf'data-{name}="([^"]*)"', page.text)
    assert found is not None, page.text
    return json.loads(html.unescape(found[1])) if found[1] else None
