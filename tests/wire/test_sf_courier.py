"""Our SF Express adapter at the sandbox: what it books, what it believes, and what it does when in doubt."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from pydantic import SecretStr

from prescriptions.couriers import (
    AddressNotServed,
    Carrier,
    Courier,
    CourierNonsense,
    CourierNotOffered,
    CourierRefused,
    Couriers,
    CourierUnavailable,
    ParcelMoving,
    ParcelState,
    Place,
    Waybill,
    WaybillPending,
    advance,
)
from telehealth.core.clock import SHANGHAI, FixedClock, SystemClock
from telehealth.core.settings import SF
from tests.support.couriers import (
    ISLAND,
    NEXT_DOOR,
    PATIENT,
    PHARMACY,
    CourierDesk,
    couriers,
    doorstep,
    fresh_number,
    parcel,
    to,
)
from tests.support.sandbox import Sandbox

CREATE = "EXP_RECE_CREATE_ORDER"
ACCOUNT = SF(
    base_url="https://bspgw.sf-express.com/std/service",
    partner_id="PARTNER",
    checkword=SecretStr("checkword"),
    push_token=SecretStr("0123456789abcdef"),
)


@pytest.fixture
async def ours(sandbox: Sandbox) -> AsyncIterator[Couriers]:
    made = couriers(sandbox)
    yield made
    await made.close()
    sandbox.clear()


@pytest.fixture
def sf(ours: Couriers) -> Courier:
    return ours.courier("yunan")


@pytest.fixture
async def hasty(sandbox: Sandbox) -> AsyncIterator[Courier]:
    """Waits 0.4 s for an answer."""
    made = couriers(sandbox, timeout_s=0.4)
    yield made.courier("yunan")
    await made.close()
    sandbox.clear()


@pytest.fixture
def desk(sandbox: Sandbox) -> CourierDesk:
    sandbox.forget_requests()
    return CourierDesk(sandbox)


# Booking.


async def test_XY31_a_parcel_is_booked_freight_collect_on_nobodys_monthly_card(
    sf: Courier, desk: CourierDesk
) -> None:
    waybill = await sf.create(parcel())
    held = desk.parcels()[waybill.order_no]
    assert held["number"] == waybill.number and waybill.carrier is Carrier.SF
    assert held["body"]["payMethod"] == 2 and "monthlyCard" not in held["body"]
    assert waybill.route_label


async def test_REG57_the_courier_learns_who_where_and_how_heavy(sf: Courier, desk: CourierDesk) -> None:
    waybill = await sf.create(parcel(weight_g=1250))
    body = desk.parcels()[waybill.order_no]["body"]
    assert body["cargoDetails"] == [{"name": "药品", "count": 1, "unit": "件", "weight": 1.25}]
    receiver = next(one for one in body["contactInfoList"] if one["contactType"] == 2)
    assert (receiver["contact"], receiver["mobile"]) == (PATIENT.name, PATIENT.phone)
    assert "remark" not in body and body["totalWeight"] == 1.25


async def test_a_landline_is_told_in_digits_however_the_hospital_writes_it(
    sf: Courier, desk: CourierDesk
) -> None:
    sender = replace(parcel().sender, phone="0571-5550-1000")
    waybill = await sf.create(parcel(sender=sender))
    told = desk.parcels()[waybill.order_no]["body"]["contactInfoList"]
    assert [one["mobile"] for one in told if one["contactType"] == 1] == ["057155501000"]


async def test_REG45_a_cold_parcel_takes_the_chilled_service(sf: Courier, desk: CourierDesk) -> None:
    cold, plain = await sf.create(parcel(cold_chain=True)), await sf.create(parcel())
    books = desk.parcels()
    assert (
        books[cold.order_no]["body"]["expressTypeId"],
        books[cold.order_no]["body"]["temperatureRange"],
    ) == (12, 1)
    assert books[plain.order_no]["body"]["expressTypeId"] == 2
    assert "temperatureRange" not in books[plain.order_no]["body"]


async def test_a_later_pick_up_is_asked_for_in_local_time(sf: Courier, desk: CourierDesk) -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)
    waybill = await sf.create(parcel(pickup_from=at))
    assert desk.parcels()[waybill.order_no]["body"]["sendStartTm"] == "2026-11-23 09:30:00"


async def test_one_number_books_one_parcel(sf: Courier) -> None:
    order = parcel()
    assert await sf.create(order) == await sf.create(order)


async def test_an_address_with_every_sign_Java_writes_otherwise_is_signed_right(
    sf: Courier, desk: CourierDesk
) -> None:
    odd = "~样例* 街-2_号. /+&=%\"'\\ 楼"
    waybill = await sf.create(parcel(receiver=replace(PATIENT, address=odd)))
    assert desk.parcels()[waybill.order_no]["body"]["contactInfoList"][1]["address"] == odd


@pytest.mark.parametrize("province", ["香港特别行政区", "澳门特别行政区", "台湾省"])
async def test_an_address_nobody_goes_to_is_said_to_be_so(sf: Courier, province: str) -> None:
    island = to(Place(province, "样例市", "样例区", "样例路"))
    with pytest.raises(AddressNotServed):
        await sf.create(parcel(receiver=island))
    assert not await sf.serves(PHARMACY.place, island.place)


async def test_an_unserved_county_is_known_before_payment(sf: Courier) -> None:
    assert not await sf.serves(PHARMACY.place, ISLAND)
    assert await sf.serves(PHARMACY.place, PATIENT.place)
    with pytest.raises(AddressNotServed):
        await sf.create(parcel(receiver=to(ISLAND)))


@pytest.mark.parametrize("result", [2, 3])
async def test_a_doubtful_address_waits_for_the_couriers_clerk(
    sf: Courier, sandbox: Sandbox, desk: CourierDesk, result: int
) -> None:
    order = parcel()
    with sandbox.faults(sf={"mode": "manual", "times": 1}), pytest.raises(WaybillPending):
        await sf.create(order)
    with pytest.raises(WaybillPending):
        await sf.find(order.order_no)
    desk.screen(order.order_no, result)
    if result == 2:
        assert await sf.create(order) == await sf.find(order.order_no)
    else:
        with pytest.raises(AddressNotServed):
            await sf.create(order)


# In doubt.


@pytest.mark.parametrize("mode", ["lost_answer", "garbled", "garbled_inner"])
async def test_an_order_whose_answer_was_lost_is_found_and_not_made_twice(
    sf: Courier, sandbox: Sandbox, desk: CourierDesk, mode: str
) -> None:
    order = parcel()
    with sandbox.faults(sf={"mode": mode, "times": 1, "service": CREATE}):
        waybill = await sf.create(order)
    assert desk.parcels()[order.order_no]["number"] == waybill.number
    assert desk.calls() == 2


async def test_after_a_time_out_the_courier_is_asked_before_it_is_told_again(
    hasty: Courier, sandbox: Sandbox, desk: CourierDesk
) -> None:
    order = parcel()
    with sandbox.faults(sf={"mode": "timeout", "seconds": 1, "times": 1, "service": CREATE}):
        waybill = await hasty.create(order)
    desk.wait_for_calls(3)
    assert desk.parcels()[order.order_no]["number"] == waybill.number


async def test_an_order_that_arrives_after_its_repetition_books_nothing(
    hasty: Courier, sandbox: Sandbox, desk: CourierDesk
) -> None:
    order = parcel()
    with sandbox.faults(sf={"mode": "slow", "seconds": 0.8, "times": 1, "service": CREATE}):
        waybill = await hasty.create(order)
    desk.wait_for_calls(3)
    assert desk.parcels()[order.order_no]["number"] == waybill.number
    assert await hasty.find(order.order_no) == waybill


async def test_an_order_whose_outcome_cannot_be_asked_stays_unknown(
    sf: Courier, sandbox: Sandbox, desk: CourierDesk
) -> None:
    order = parcel()
    with sandbox.faults(sf={"mode": "down"}), pytest.raises(CourierUnavailable):
        await sf.create(order)
    assert order.order_no not in desk.parcels()
    # One booking, and a question asked twice.
    assert desk.calls() == 3


@pytest.mark.parametrize(("mode", "reason"), [("not_let_in", "not_let_in"), ("throttled", "throttled")])
async def test_a_door_that_is_shut_is_not_knocked_at_again(
    sf: Courier, sandbox: Sandbox, desk: CourierDesk, mode: str, reason: str
) -> None:
    with sandbox.faults(sf={"mode": mode}), pytest.raises(CourierUnavailable) as down:
        await sf.create(parcel())
    assert down.value.facts["reason"] == reason and desk.calls() == 1


async def test_a_question_is_asked_again_once(sf: Courier, sandbox: Sandbox, desk: CourierDesk) -> None:
    waybill = await sf.create(parcel())
    sandbox.forget_requests()
    with sandbox.faults(sf={"mode": "error_500", "times": 1}):
        assert await sf.find(waybill.order_no) == waybill
    assert desk.calls() == 2


async def test_a_refusal_keeps_the_code_and_drops_the_prose(sf: Courier, sandbox: Sandbox) -> None:
    with sandbox.faults(sf={"mode": "refused", "error_code": "8196"}), pytest.raises(CourierRefused) as no:
        await sf.create(parcel())
    assert no.value.facts == {"word": "8196"}


@pytest.mark.parametrize("mode", ["garbled", "garbled_inner"])
async def test_nonsense_at_either_level_is_nonsense(sf: Courier, sandbox: Sandbox, mode: str) -> None:
    with sandbox.faults(sf={"mode": mode}), pytest.raises(CourierNonsense):
        await sf.routes(Carrier.SF, "SF9000000000001", phone_last4="0007")


async def test_a_wrong_checkword_and_a_slow_clock_are_our_fault_not_the_parcels(sandbox: Sandbox) -> None:
    late = FixedClock(SystemClock().wall() - timedelta(hours=1))
    for made in (couriers(sandbox, checkword=SecretStr("wrong")), couriers(sandbox, clock=late)):
        with pytest.raises(CourierUnavailable) as down:
            await made.courier("yunan").create(parcel())
        assert down.value.facts == {"reason": "not_let_in", "word": "A1006"}
        await made.close()


async def test_a_courier_that_is_not_there_is_unavailable() -> None:
    nowhere = ACCOUNT.model_copy(update={"base_url": "http://127.0.0.1:9/std"})
    made = Couriers({"yunan": nowhere}, {}, public_url="", clock=SystemClock())
    with pytest.raises(CourierUnavailable) as down:
        await made.courier("yunan").create(parcel())
    assert down.value.facts["reason"] == "unreachable"
    await made.close()


async def test_a_hospital_without_an_account_offers_no_courier(ours: Couriers) -> None:
    assert ours.books("yunan") and not ours.books("jiangbin")
    with pytest.raises(CourierNotOffered):
        ours.courier("jiangbin")


# Calling off.


async def test_a_cancelled_order_stands_no_more_and_its_number_is_spent(sf: Courier) -> None:
    order = parcel()
    await sf.create(order)
    await sf.cancel(order.order_no)
    await sf.cancel(order.order_no)
    found = await sf.find(order.order_no)
    assert found is not None and found.is_cancelled
    with pytest.raises(CourierRefused) as no:
        await sf.create(order)
    assert no.value.facts == {"word": "order_cancelled"}


async def test_cancelling_what_never_arrived_is_done_already(sf: Courier) -> None:
    await sf.cancel(fresh_number())
    assert await sf.find(fresh_number()) is None


async def test_what_has_been_picked_up_cannot_be_cancelled(sf: Courier, desk: CourierDesk) -> None:
    waybill = await sf.create(parcel())
    desk.move(waybill.number, "pick_up")
    with pytest.raises(ParcelMoving):
        await sf.cancel(waybill.order_no)
    found = await sf.find(waybill.order_no)
    assert found is not None and not found.is_cancelled


async def test_a_cancellation_whose_answer_was_lost_is_repeated(sf: Courier, sandbox: Sandbox) -> None:
    waybill = await sf.create(parcel())
    with sandbox.faults(sf={"mode": "lost_answer", "times": 1, "service": "EXP_RECE_UPDATE_ORDER"}):
        await sf.cancel(waybill.order_no)
    found = await sf.find(waybill.order_no)
    assert found is not None and found.is_cancelled


# Label and freight.


async def test_the_label_is_a_pdf_of_this_parcel(sf: Courier) -> None:
    waybill = await sf.create(parcel())
    assert (await sf.print(waybill)).startswith(b"%PDF-")
    with pytest.raises(CourierRefused):
        await sf.print(Waybill(Carrier.SF, "SF0000000000000", "PX-unknown"))


async def test_XY31_freight_is_estimated_as_a_span_in_fen(sf: Courier) -> None:
    far = await sf.estimate(PHARMACY.place, PATIENT.place, weight_g=1500)
    near = await sf.estimate(PHARMACY.place, NEXT_DOOR, weight_g=1500)
    assert (far.lowest, far.highest) == (2300, 3100)
    assert (near.lowest, near.highest) == (1700, 2200)
    assert far.arrives_by is not None and far.arrives_by.utcoffset() == timedelta(hours=8)
    cold = await sf.estimate(PHARMACY.place, PATIENT.place, weight_g=1500, cold_chain=True)
    assert cold.lowest == cold.highest == 8000


# The journey.


async def test_routes_tell_the_journey_to_whoever_knows_the_phone(sf: Courier, desk: CourierDesk) -> None:
    waybill = await sf.create(parcel())
    for move in ("pick_up", "in_transit", "unknown", "arrive", "out_for_delivery", "deliver"):
        desk.move(waybill.number, move)
    scans = await sf.routes(Carrier.SF, waybill.number, phone_last4=PATIENT.phone_last4)
    assert advance(ParcelState.AWAITING_PICKUP, scans) is ParcelState.DELIVERED
    assert sum(scan.state is None for scan in scans) == 1
    assert await sf.routes(Carrier.SF, waybill.number, phone_last4="9999") == ()


async def test_a_parcel_nobody_has_seen_yet_has_no_scans(sf: Courier) -> None:
    waybill = await sf.create(parcel())
    assert await sf.routes(Carrier.SF, waybill.number, phone_last4=PATIENT.phone_last4) == ()


@pytest.mark.parametrize(
    ("move", "state"),
    [
        ("hold", ParcelState.HELD_FOR_COLLECTION), ("delay", ParcelState.EXCEPTION),
        ("lose", ParcelState.EXCEPTION), ("exception", ParcelState.EXCEPTION),
        ("refuse", ParcelState.REFUSED), ("return", ParcelState.RETURNING),
        ("bring_back", ParcelState.RETURNED), ("unknown", ParcelState.PICKED_UP),
    ],
)  # fmt: skip
async def test_every_button_of_the_desk_is_understood(
    sf: Courier, desk: CourierDesk, move: str, state: ParcelState
) -> None:
    waybill = await sf.create(parcel())
    desk.move(waybill.number, "pick_up")
    desk.move(waybill.number, move)
    scans = await sf.routes(Carrier.SF, waybill.number, phone_last4=PATIENT.phone_last4)
    assert advance(ParcelState.CREATED, scans) is state


async def test_pushes_doubled_replayed_and_backwards_lead_where_the_query_leads(
    ours: Couriers, sf: Courier, desk: CourierDesk
) -> None:
    waybill = await sf.create(parcel())
    start = datetime.now(SHANGHAI).replace(microsecond=0)
    with doorstep(ours) as door:
        desk.pushes_go_to(door.url)
        for minute, move in enumerate(("pick_up", "in_transit", "out_for_delivery", "refuse")):
            desk.move(waybill.number, move, at=(start + timedelta(minutes=minute)).isoformat(), push=False)
        desk.push(waybill.number, "reversed")
        desk.wait_for_pushes(waybill.number, 4)
        desk.move(waybill.number, "return", at=(start + timedelta(minutes=9)).isoformat())
        desk.push(waybill.number, "twice")
        desk.push(waybill.number, "again")
        tried = desk.wait_for_pushes(waybill.number, 8)
        desk.pushes_go_to("")
    assert {push["state"] for push in tried} == {"done"}
    scans = [scan for push in door.came for scan in push.scans]
    queried = await sf.routes(Carrier.SF, waybill.number, phone_last4=PATIENT.phone_last4)
    assert {scan.id for scan in scans} == {scan.id for scan in queried}
    assert advance(ParcelState.CREATED, scans) is ParcelState.RETURNING
    assert {push.order_no for push in door.came} == {waybill.order_no}


async def test_a_push_without_our_secret_or_in_pieces_is_refused(
    ours: Couriers, sf: Courier, desk: CourierDesk
) -> None:
    waybill = await sf.create(parcel())
    desk.move(waybill.number, "pick_up", push=False)
    with doorstep(ours) as door:
        desk.pushes_go_to(door.url)
        desk.push(waybill.number, "forged")
        desk.push(waybill.number, "garbled")
        desk.wait_for_pushes(waybill.number, 2)
        desk.pushes_go_to("")
    assert [error.facts["reason"] for error in door.refused] == ["wrong_token", "unreadable"]
    assert door.came == []


# Answers no sandbox would give.


def answering(told: Any, **more: Any) -> httpx2.MockTransport:
    """SF says `told` inside a sound envelope; `more` by path."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path in more:
            return httpx2.Response(200, content=more[request.url.path])
        inner = told if isinstance(told, str) or told is None else json.dumps(told)
        return httpx2.Response(200, json={"apiResultCode": "A1000", "apiResultData": inner})

    return httpx2.MockTransport(handle)


def order_told(**changed: Any) -> dict[str, Any]:
    numbers = [{"waybillType": 1, "waybillNo": "SF12345678"}]
    message = {"orderId": "PX-1", "filterResult": 2, "waybillNoInfoList": numbers, **changed}
    return {"success": True, "errorCode": "S0000", "msgData": message}


async def told_by(transport: httpx2.MockTransport, ask: Callable[[Courier], Awaitable[Any]]) -> Any:
    made = Couriers({"yunan": ACCOUNT}, {}, public_url="", clock=SystemClock(), transport=transport)
    try:
        return await ask(made.courier("yunan"))
    finally:
        await made.close()


async def test_numbers_and_texts_are_read_alike() -> None:
    numbers = [{"waybillType": "2", "waybillNo": "SF2"}, {"waybillType": "1", "waybillNo": "SF12345678"}]
    told = order_told(
        filterResult="2", waybillNoInfoList=[{**numbers[0], "waybillNo": "SF22222"}, numbers[1]]
    )
    found = await told_by(answering(told), lambda sf: sf.find("PX-1"))
    assert found.number == "SF12345678"


@pytest.mark.parametrize(
    "told",
    [
        None, "", "null", "[]", "{}", {"success": True}, {"success": "perhaps"},
        # Says yes and no at once.
        {**order_told(), "errorCode": "8016"},
        order_told(orderId="PX-2"), order_told(filterResult=7), order_told(filterResult=None),
        order_told(waybillNoInfoList=None), order_told(waybillNoInfoList=[]),
        order_told(waybillNoInfoList=[{"waybillType": 1, "waybillNo": "SF1'; --"}]),
        order_told(waybillNoInfoList=[{"waybillType": 2, "waybillNo": "SF12345678"}]),
    ],
)  # fmt: skip
async def test_an_answer_that_cannot_be_so_is_not_believed(told: Any) -> None:
    with pytest.raises(CourierNonsense):
        await told_by(answering(told), lambda sf: sf.find("PX-1"))


async def test_a_number_that_is_taken_and_unknown_is_nonsense() -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        service = parse_qs(request.content.decode())["serviceCode"][0]
        inner = {"success": False, "errorCode": "8016" if service == CREATE else "8024"}
        return httpx2.Response(200, json={"apiResultCode": "A1000", "apiResultData": json.dumps(inner)})

    with pytest.raises(CourierNonsense):
        await told_by(httpx2.MockTransport(handle), lambda sf: sf.create(parcel("PX-1")))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/labels/1.pdf", "http://files.sf-express.com/1.pdf", "file:///etc/passwd",
        "https://sf-express.com.evil.example/1.pdf", "",
    ],
)  # fmt: skip
async def test_a_label_that_lies_elsewhere_is_not_fetched(url: str) -> None:
    told = {"success": True, "obj": {"files": [{"url": url, "token": "t", "waybillNo": "SF1"}]}}
    with pytest.raises(CourierNonsense):
        await told_by(answering(told), lambda sf: sf.print(Waybill(Carrier.SF, "SF1", "PX-1")))


async def test_a_label_that_is_no_pdf_is_not_printed() -> None:
    url = "https://files.sf-express.com/1.pdf"
    told = {"success": True, "obj": {"files": [{"url": url, "token": "t", "waybillNo": "SF1"}]}}
    ask = lambda sf: sf.print(Waybill(Carrier.SF, "SF1", "PX-1"))  # noqa: E731
    assert await told_by(answering(told, **{"/1.pdf": b"%PDF-1.4 sample"}), ask) == b"%PDF-1.4 sample"
    with pytest.raises(CourierNonsense):
        await told_by(answering(told, **{"/1.pdf": b"<html>"}), ask)


@pytest.mark.parametrize("fee", ["-1", "1.234", "many", 1e400])
async def test_a_freight_that_is_no_amount_is_not_shown(fee: Any) -> None:
    told = {"success": True, "msgData": {"deliverTmDto": [{"businessType": "2", "fee": fee}]}}
    with pytest.raises(CourierNonsense):
        await told_by(answering(told), lambda sf: sf.estimate(PHARMACY.place, PATIENT.place, weight_g=500))


async def test_scans_of_other_parcels_are_not_taken_for_ours() -> None:
    line = {"acceptTime": "2026-11-22 10:00:00", "opCode": "80", "remark": "", "acceptAddress": ""}
    told = {"success": True, "msgData": {"routeResps": [{"mailNo": "SF9999999", "routes": [line]}]}}
    scans = await told_by(answering(told), lambda sf: sf.routes(Carrier.SF, "SF12345678", phone_last4="0007"))
    assert scans == ()
