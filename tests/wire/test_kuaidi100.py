"""Our Kuaidi100 adapter at the sandbox: parcels of other couriers, asked about and told about."""

import itertools
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from prescriptions.couriers import (
    Carrier,
    CourierNonsense,
    CourierNotOffered,
    CourierRefused,
    Couriers,
    CourierUnavailable,
    ParcelState,
    Tracker,
    Watch,
    advance,
)
from telehealth.core.clock import SHANGHAI, SystemClock
from tests.support.couriers import PATIENT, CourierDesk, couriers, doorstep, kuaidi100_settings, parcel
from tests.support.sandbox import Sandbox

LAST4 = PATIENT.phone_last4
_numbers = itertools.count(1)


@pytest.fixture
async def ours(sandbox: Sandbox) -> AsyncIterator[Couriers]:
    made = couriers(sandbox)
    yield made
    await made.close()
    sandbox.clear()


@pytest.fixture
def tracker(ours: Couriers) -> Tracker:
    return ours.tracker("yunan", Carrier.EMS)


@pytest.fixture
def desk(sandbox: Sandbox) -> CourierDesk:
    sandbox.forget_requests()
    return CourierDesk(sandbox, "kuaidi100")


@pytest.fixture
def number(desk: CourierDesk) -> str:
    """An EMS parcel that was handed in at a counter."""
    fresh = f"EM{next(_numbers):08d}CN"
    desk.hand_in("ems", fresh)
    return fresh


async def test_a_parcel_booked_elsewhere_is_followed(
    tracker: Tracker, desk: CourierDesk, number: str
) -> None:
    assert await tracker.routes(Carrier.EMS, number, phone_last4=LAST4) == ()
    for move in ("pick_up", "in_transit", "unknown", "out_for_delivery"):
        desk.move(number, move)
    scans = await tracker.routes(Carrier.EMS, number, phone_last4=LAST4)
    assert [scan.at for scan in scans] == sorted(scan.at for scan in scans)
    assert advance(ParcelState.CREATED, scans) is ParcelState.OUT_FOR_DELIVERY
    assert sum(scan.state is None for scan in scans) == 1


async def test_a_number_nobody_knows_has_no_scans(tracker: Tracker) -> None:
    assert await tracker.routes(Carrier.JD, "JD0000000000", phone_last4=LAST4) == ()


@pytest.mark.parametrize(
    ("move", "state"),
    [
        ("arrive", ParcelState.ARRIVED_CITY), ("hold", ParcelState.HELD_FOR_COLLECTION),
        ("lose", ParcelState.EXCEPTION), ("deliver", ParcelState.DELIVERED), ("refuse", ParcelState.REFUSED),
        ("return", ParcelState.RETURNING), ("bring_back", ParcelState.RETURNED),
    ],
)  # fmt: skip
async def test_every_button_of_the_desk_is_understood(
    tracker: Tracker, desk: CourierDesk, number: str, move: str, state: ParcelState
) -> None:
    desk.move(number, "pick_up")
    desk.move(number, move)
    scans = await tracker.routes(Carrier.EMS, number, phone_last4=LAST4)
    assert advance(ParcelState.CREATED, scans) is state


async def test_SF_wants_the_phone_here_too(ours: Couriers, sandbox: Sandbox, desk: CourierDesk) -> None:
    waybill = await ours.courier("yunan").create(parcel())
    CourierDesk(sandbox).move(waybill.number, "pick_up")
    aggregator = ours.pushing("kuaidi100", "yunan")
    assert len(await aggregator.routes(Carrier.SF, waybill.number, phone_last4=LAST4)) == 1
    with pytest.raises(CourierRefused) as no:
        await aggregator.routes(Carrier.SF, waybill.number, phone_last4="9999")
    assert no.value.facts == {"word": "408"}


async def test_who_subscribes_is_told_signed_and_in_full(
    sandbox: Sandbox, ours: Couriers, desk: CourierDesk, number: str
) -> None:
    start = datetime.now(SHANGHAI).replace(microsecond=0)
    with doorstep(ours) as door:
        made = couriers(sandbox, public_url=door.url)
        tracker = made.tracker("yunan", Carrier.EMS)
        await tracker.watch(Carrier.EMS, number, phone_last4=LAST4)
        await tracker.watch(Carrier.EMS, number, phone_last4=LAST4)
        for minute, move in enumerate(("pick_up", "in_transit", "deliver")):
            desk.move(number, move, at=(start + timedelta(minutes=minute)).isoformat())
        desk.wait_for_pushes(number, 3)
        desk.push(number, "twice")
        desk.push(number, "reversed")
        assert {push["state"] for push in desk.wait_for_pushes(number, 8)} == {"done"}
        await made.close()
    assert {push.waybill for push in door.came} == {number}
    assert [push.watch for push in door.came][:3] == [Watch.GOES_ON, Watch.GOES_ON, Watch.ENDED]
    scans = [scan for push in door.came for scan in push.scans]
    assert len({scan.id for scan in scans}) == 3
    assert advance(ParcelState.CREATED, scans) is ParcelState.DELIVERED


async def test_a_forged_or_broken_push_is_refused(
    sandbox: Sandbox, ours: Couriers, desk: CourierDesk, number: str
) -> None:
    with doorstep(ours) as door:
        made = couriers(sandbox, public_url=door.url)
        await made.tracker("yunan", Carrier.EMS).watch(Carrier.EMS, number, phone_last4=LAST4)
        desk.move(number, "pick_up", push=False)
        desk.push(number, "forged")
        desk.push(number, "garbled")
        desk.wait_for_pushes(number, 2)
        await made.close()
    assert door.came == []
    assert door.refused[0].facts["reason"] == "wrong_sign"
    assert door.refused[1].facts["reason"] in ("wrong_sign", "unreadable")


async def test_a_parcel_that_was_given_up_is_said_to_be_lost_from_sight(
    sandbox: Sandbox, ours: Couriers, desk: CourierDesk, number: str
) -> None:
    with doorstep(ours) as door:
        made = couriers(sandbox, public_url=door.url)
        await made.tracker("yunan", Carrier.EMS).watch(Carrier.EMS, number, phone_last4=LAST4)
        desk.abort(number)
        desk.wait_for_pushes(number)
        await made.close()
    (push,) = door.came
    assert (push.watch, push.scans) == (Watch.LOST, ())


async def test_a_subscription_whose_answer_was_lost_is_made_once(
    tracker: Tracker, sandbox: Sandbox, desk: CourierDesk, number: str
) -> None:
    with sandbox.faults(kuaidi100={"mode": "lost_answer", "times": 1}):
        await tracker.watch(Carrier.EMS, number, phone_last4=LAST4)
    assert desk.calls(path="/kuaidi100/poll") == 2


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("down", "server_error"), ("throttled", "throttled"), ("not_let_in", "not_let_in"),
        ("garbled", "nonsense"), ("error_500", "server_error"),
    ],
)  # fmt: skip
async def test_an_aggregator_in_trouble_says_nothing_of_the_parcel(
    tracker: Tracker, sandbox: Sandbox, number: str, mode: str, reason: str
) -> None:
    with sandbox.faults(kuaidi100={"mode": mode}), pytest.raises(CourierUnavailable) as down:
        await tracker.routes(Carrier.EMS, number, phone_last4=LAST4)
    assert down.value.facts["reason"] == reason


async def test_an_aggregator_that_hangs_is_left(sandbox: Sandbox, desk: CourierDesk, number: str) -> None:
    made = couriers(sandbox, timeout_s=0.3)
    with sandbox.faults(kuaidi100={"mode": "timeout", "seconds": 1, "times": 1}):
        with pytest.raises(CourierUnavailable) as down:
            await made.pushing("kuaidi100", "yunan").routes(Carrier.EMS, number, phone_last4=LAST4)
    assert down.value.facts == {"reason": "timeout"}
    desk.wait_for_calls(1, path="/kuaidi100/poll")
    await made.close()


async def test_a_wrong_key_is_our_fault(sandbox: Sandbox, number: str) -> None:
    made = couriers(sandbox, key=SecretStr("wrong"))
    tracker = made.tracker("yunan", Carrier.EMS)
    for ask in (tracker.routes, tracker.watch):
        with pytest.raises(CourierUnavailable) as down:
            await ask(Carrier.EMS, number, phone_last4=LAST4)
        assert down.value.facts["reason"] == "not_let_in"
    await made.close()


@pytest.mark.parametrize(
    "told",
    [
        b"", b"null", b"[]", {}, {"status": "200"}, {"status": "200", "nu": "OTHER", "data": []},
        {"status": "200", "nu": "EM1", "data": [{"time": "soon", "context": ""}]},
        {"status": "201", "nu": "EM1", "data": []},
    ],
)  # fmt: skip
async def test_an_answer_that_cannot_be_so_is_not_believed(sandbox: Sandbox, told: Any) -> None:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=content))
    made = Couriers(
        {}, {"yunan": kuaidi100_settings(sandbox)}, public_url="", clock=SystemClock(), transport=transport
    )
    with pytest.raises(CourierNonsense):
        await made.tracker("yunan", Carrier.EMS).routes(Carrier.EMS, "EM1", phone_last4=LAST4)
    await made.close()


async def test_who_follows_what_is_decided_by_the_accounts(ours: Couriers, sandbox: Sandbox) -> None:
    assert ours.tracker("yunan", Carrier.SF) is ours.courier("yunan")
    assert ours.tracker("yunan", Carrier.JD) is ours.pushing("kuaidi100", "yunan")
    assert set(ours.follows("yunan")) == set(Carrier) and ours.follows("jiangbin") == ()
    for party, hospital in (("sf", "jiangbin"), ("kuaidi100", "nowhere"), ("dhl", "yunan")):
        with pytest.raises(CourierNotOffered):
            ours.pushing(party, hospital)
