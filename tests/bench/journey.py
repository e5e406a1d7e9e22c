"""Whole journeys a minute through the API: docs/api/journey.md, walked by several patients side by side.

One process of ours serves pages, API, sockets and the worker; the sandboxes and PostgreSQL are their own.
Staff sign in once and work for everybody. A journey spends part of its time waiting: for the provider's
notice, the waybill, the courier's pushes.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pyotp

from telehealth.demo.accounts import STAFF
from tests.bench.figures import Figure, Figures
from tests.bench.outside import open_sandbox
from tests.bench.server import durable_database
from tests.support.couriers import CourierDesk
from tests.support.live import live_house
from tests.support.outside import Stranger, admit, register, stranger
from tests.support.sandbox import Sandbox
from tests.support.walkthrough import Step, Walk, steps_of

DOCUMENT = Path(__file__).parents[2] / "docs/api/journey.md"
#: Fewer than the seats of one evening of the demo's doctor.
JOURNEYS = 8
SIDE_BY_SIDE = 4
#: Whom the document tells of.
_NAME, _PHONE, _NUMBER, _CARD = "叶文舟", "13800000131", "330098198003159411", "YA00010031"
_DOCTOR = "季明朗"
_STAFF_DOORS = ("POST /api/v1/staff/sign-ins", "POST /api/v1/staff/sessions")
_STEP_S = 30


def measure() -> Figures:
    text = DOCUMENT.read_text(encoding="utf-8")
    with (
        durable_database() as database,
        open_sandbox(database) as sandbox,
        live_house(database.home, database.addresses, sandbox) as url,
    ):
        CourierDesk(sandbox).pushes_go_to(url)
        kept = _signed_in_staff(url, sandbox, text)
        patients = [_patient(sandbox) for _ in range(JOURNEYS)]
        seats = [kept | seat for seat in _seats(url)]
        assert len(seats) >= JOURNEYS, f"{len(seats)} seats are left today"
        began = time.monotonic()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            walks = [
                pool.submit(_journey, url, sandbox, text, *each)
                for each in zip(patients, seats, strict=False)
            ]
            done = [walk.result() for walk in walks]
        took_s = time.monotonic() - began
    detail = {
        "journeys": JOURNEYS,
        "side_by_side": SIDE_BY_SIDE,
        "requests": sum(requests for requests, _ in done),
        "median_s": round(sorted(seconds for _, seconds in done)[JOURNEYS // 2], 1),
    }
    yield Figure("journey_api", round(JOURNEYS / took_s * 60, 1), "journeys/min", "reported", detail)


def _journey(url: str, sandbox: Sandbox, text: str, who: Stranger, kept: dict[str, Any]) -> tuple[int, float]:
    """How many requests it took, and seconds."""
    steps = [step for step in steps_of(_told_of(who, text)) if not _is_staff_door(step)]
    walk = Walk(url, sandbox.base_url, _shown_to, kept=dict(kept))
    began = time.monotonic()
    try:
        return walk.run(steps), time.monotonic() - began
    finally:
        walk.close()


def _signed_in_staff(url: str, sandbox: Sandbox, text: str) -> dict[str, Any]:
    walk = Walk(url, sandbox.base_url, _shown_to)
    try:
        walk.run([step for step in steps_of(text) if _is_staff_door(step)])
    finally:
        walk.close()
    return walk.kept


def _seats(url: str) -> list[dict[str, Any]]:
    """What the document keeps of each seat of its doctor's day: whoever takes the first free one may lose it.

    The latest first: a slot that ends meanwhile has no seats any more.
    """
    with httpx2.Client(base_url=f"{url}/api/v1", trust_env=False) as http:
        [doctor] = [one for one in http.get("/hospitals/yunan/doctors").json() if one["name"] == _DOCTOR]
        asked = {"hospital": "yunan", "kind": "internet", "doctor": doctor["id"]}
        clinics = [one for one in http.get("/clinics", params=asked).json() if one["remaining"]]
        # Nobody is admitted on another day than that of the visit.
        today = [one for one in clinics if one["day"] == clinics[0]["day"]]
        found = [(one, slot) for one in today for slot in http.get(f"/clinics/{one['id']}/slots").json()]
    found.sort(key=lambda pair: str(pair[1]["starts_at"]), reverse=True)
    return [
        {"clinic": one["id"], "day": one["day"], "fee": one["fee"], "slot": slot["id"]}
        for one, slot in found
        for _ in range(slot["remaining"])
    ]


def _is_staff_door(step: Step) -> bool:
    return step[0].text.startswith(_STAFF_DOORS)


def _told_of(who: Stranger, text: str) -> str:
    """The document with somebody else in it."""
    last = str((int(who.number[-1]) + 1) % 10) if who.number[-1].isdigit() else "0"
    changes = {
        f"{_NUMBER[:-1]}2": f"{who.number[:-1]}{last}",
        _NUMBER: who.number,
        f"{_NUMBER[:3]}****{_NUMBER[-4:]}": f"{who.number[:3]}****{who.number[-4:]}",
        _NAME: who.name,
        f"{_NAME[0]}**": f"{who.name[0]}**",
        _PHONE: who.phone,
        _CARD: who.card,
        "/wechat/people/31/": f"/wechat/people/{1000 + int(who.his_id[1:])}/",
    }
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _patient(sandbox: Sandbox) -> Stranger:
    """Known to the register, the hospital and the insurer, and seen three weeks ago for high pressure."""
    who = admit(sandbox, register(sandbox, stranger(name="样例丙", sex="male")))
    sandbox.put_insured(who.number, name=who.name, region="110100", balance=500, fund_rate_bp=7000)
    visit, condition = f"{who.his_id}-v1", f"{who.his_id}-c1"
    at = (datetime.now(UTC) - timedelta(days=21)).isoformat(timespec="seconds")
    code = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10", "display": "原发性高血压"}
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    sandbox.put_resource(
        "yunan",
        {
            "resourceType": "Condition", "id": condition, "clinicalStatus": {"coding": [active]},
            "code": {"coding": [code], "text": code["display"]},
            "subject": {"reference": f"Patient/{who.his_id}"},
            "encounter": {"reference": f"Encounter/{visit}"}, "recordedDate": at[:10],
        },
    )  # fmt: skip
    sandbox.put_resource(
        "yunan",
        {
            "resourceType": "Encounter", "id": visit, "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": f"Patient/{who.his_id}"}, "period": {"start": at, "end": at},
            "serviceProvider": {"reference": "Organization/yunan"},
            "reasonCode": [{"text": code["display"]}],
            "diagnosis": [{"condition": {"reference": f"Condition/{condition}"}}],
        },
    )  # fmt: skip
    return who


def _shown_to(login: str, ahead: int) -> str:
    secret = next(one.totp_secret for one in STAFF if one.login == login)
    return pyotp.TOTP(secret).at(int(time.time()) + ahead * _STEP_S)
