"""The dispatch desk over HTTP: own orders only, each error in its own words, one order from end to end."""

from typing import Any

import httpx2
import pytest

from prescriptions.feature import feature
from prescriptions.pharmacy import api as pharmacy_api
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.states import DispatchState, Path
from prescriptions.stock import api as stock_api
from telehealth.core.access import GRANTS, Role
from telehealth.web.contract import operation_of
from telehealth.web.house import House
from tests.support.factories.accounts import add_staff, bearer, staff
from tests.support.factories.dispatch import (
    PILL,
    Dispensary,
    add_dispenser,
    add_order,
    add_pharmacy,
    be_seen,
    item,
    lots,
    open_dispensary,
    order,
    stock,
    to_packed,
)

API = "/api/v1"


@pytest.fixture
async def place(house: House) -> Dispensary:
    found = await open_dispensary(house.units)
    await stock(house.units, found.pharmacy, {PILL: 20})
    return found


async def test_one_order_from_queue_to_hand(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await add_order(house.units, place, {PILL: 2}, path=Path.WINDOW)
    first, second = [await bearer(house.units, who) for who in (place.first, place.second)]
    await be_seen(house.units, place.first, place.second)

    async def post(what: str, headers: dict[str, str], **body: Any) -> httpx2.Response:
        return await client.post(f"{API}/dispatch-orders/{row.id}/{what}", headers=headers, json=body or None)

    board = (await client.get(f"{API}/dispatch-orders", headers=first)).json()
    assert board["lanes"][0]["orders"][0]["name"] == "样**"
    assert (await post("claim", first)).json()["state"] == "claimed"
    assert (await post("claim", second)).json()["code"] == "dispatch_claimed_by_other"
    assert (await post("lots", first, code="nobody's")).json()["code"] == "wrong_lot"
    assert (await post("picking", first)).json()["code"] == "pick_incomplete"
    assert (await post("lots", first, code="L1")).json()["quantity"] == "2"
    shown = (await client.get(f"{API}/dispatch-orders/{row.id}", headers=first)).json()
    assert shown["items"][0]["picked"] == [{"lot_number": "L1", "quantity": "2"}]
    assert (await post("picking", first)).json()["state"] == "picked"
    assert (await post("decoction", first, pot="1")).json()["code"] == "nothing_to_decoct"
    assert (await post("check", second, matches=["name"])).json()["code"] == "checklist_incomplete"
    assert (await post("check", first, matches=list(MATCHES))).json()["code"] == "second_person_needed"
    assert (await post("check", second, matches=list(MATCHES))).json()["alone"] is False
    assert (await post("packing", first, logger="")).json()["state"] == "packed"
    assert (await post("handover", first, waybill="SF0000")).json()["code"] == "dispatch_path_differs"
    assert (await post("call", first)).status_code == 200
    patient = {"kind": "resident_id", "number": place.visit.who.person.document_number}
    wrong = {**patient, "number": "110101199001011237"}
    told = await post("collection", first, name="样例甲", patient=wrong, counselling="饭后")
    assert told.json()["code"] == "wrong_pick_up"
    lacks = await post(
        "collection", first, name="样例甲", relation="子女", patient=patient, counselling="饭后"
    )
    assert lacks.json()["code"] == "proxy_incomplete"
    done = await post("collection", first, name="样例甲", patient=patient, counselling="饭后")
    assert done.json()["state"] == "collected"
    assert (await order(house.units, row.id)).state is DispatchState.COLLECTED


async def test_a_wrong_pick_up_code_has_few_tries(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await to_packed(house.units, place, await add_order(house.units, place, path=Path.WINDOW))
    headers = await bearer(house.units, place.first)
    codes = []
    for number in range(8):
        said = await client.post(
            f"{API}/dispatch-orders/{row.id}/collection", headers=headers,
            json={"name": "样例甲", "code": f"{number:08d}", "counselling": "饭后"},
        )  # fmt: skip
        codes.append(said.json()["code"])
    assert codes[0] == "pickup_code_unknown" and codes[-1] == "busy"
    assert (await order(house.units, row.id)).state is DispatchState.PACKED


async def test_another_pharmacys_orders_and_shelves_are_not_there(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await add_order(house.units, place)
    [lot] = await lots(house.units, place.pharmacy)
    other = await add_pharmacy(house.units, place.visit, code="other", order=2)
    stranger = await bearer(house.units, await add_dispenser(house.units, other, login="stranger"))
    bodies: dict[str, Any] = {
        "claim": None, "release": None, "lots": {"code": "L1"}, "picking": None, "decoction": {"pot": "1"},
        "decoction/end": {"bags": 1}, "check": {"matches": list(MATCHES)}, "rejection": {"reason": "不符"},
        "waybill": None, "packing": {}, "handover": {"waybill": "SF00001"}, "call": None,
        "collection": {"name": "样例甲", "counselling": "饭后"}, "trouble": {"kind": "short"},
        "resolution": {"way": "continued"},
    }  # fmt: skip
    for what, body in bodies.items():
        said = await client.post(f"{API}/dispatch-orders/{row.id}/{what}", headers=stranger, json=body)
        assert said.status_code == 404, what
    assert (await client.get(f"{API}/dispatch-orders/{row.id}", headers=stranger)).status_code == 404
    board = (await client.get(f"{API}/dispatch-orders", headers=stranger)).json()
    assert sum(lane["count"] for lane in board["lanes"]) == 0
    counted = await client.post(f"{API}/stock/lots/{lot.id}/count", headers=stranger, json={"found": "1"})
    assert counted.status_code == 404
    assert (await client.get(f"{API}/stock", headers=stranger)).json() == []
    assert int((await item(house.units, place.pharmacy)).on_hand) == 20


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT], ids=str)
async def test_only_the_pharmacy_opens_these_doors(
    client: httpx2.AsyncClient, house: House, place: Dispensary, role: Role
) -> None:
    row = await add_order(house.units, place)
    member = await add_staff(house.units, place.hospital_id, [role], login="somebody")
    headers = await bearer(house.units, staff(member))
    for route in (*pharmacy_api.routes, *stock_api.routes):
        needed = operation_of(route.endpoint)
        assert needed is not None and needed.needs is not None
        if needed.needs in GRANTS[role]:
            continue
        path = route.path.replace("{order_id}", str(row.id)).replace("{drug_code}", PILL)
        path = path.replace("{lot_id}", str(row.id)).replace("{recall_id}", str(row.id))
        for method in (route.methods or set()) - {"HEAD"}:
            said = await client.request(method, f"{API}{path}", headers=headers)
            assert said.status_code == 403, f"{method} {path}"


@pytest.mark.parametrize("quantity", ["-1", "0", "NaN", "1e12", "0.001", "abc"])
async def test_an_absurd_quantity_is_refused(
    client: httpx2.AsyncClient, house: House, place: Dispensary, quantity: str
) -> None:
    row = await add_order(house.units, place)
    headers = await bearer(house.units, place.first)
    scanned = await client.post(
        f"{API}/dispatch-orders/{row.id}/lots", headers=headers, json={"code": "L1", "quantity": quantity}
    )
    assert scanned.status_code == 422
    goods = {"drug_code": PILL, "lot_number": "L9", "expires_on": "2029-01-01", "quantity": quantity}
    received = await client.post(
        f"{API}/stock/receipts", headers=headers | {"idempotency-key": f"key-{quantity}"},
        json={"goods": [goods]},
    )  # fmt: skip
    assert received.status_code == 422


async def test_an_unknown_drug_is_not_taken_in(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    headers = await bearer(house.units, place.first)
    goods = {"drug_code": "X999", "lot_number": "L9", "expires_on": "2029-01-01", "quantity": "5"}
    said = await client.post(
        f"{API}/stock/receipts",
        headers=headers | {"idempotency-key": "unknown-drug"},
        json={"goods": [goods]},
    )
    assert (said.status_code, said.json()["code"]) == (422, "goods_refused")


async def test_whoever_works_at_no_pharmacy_is_told_so(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    member = await add_staff(house.units, place.hospital_id, [Role.PHARMACY], login="new")
    headers = await bearer(house.units, staff(member))
    said = await client.get(f"{API}/dispatch-orders", headers=headers)
    assert (said.status_code, said.json()["code"]) == (409, "no_pharmacy")


def test_the_feature_offers_these_routes() -> None:
    offered = {route.path for route in feature.api}
    assert {route.path for route in (*pharmacy_api.routes, *stock_api.routes)} <= offered
