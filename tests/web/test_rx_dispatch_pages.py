"""The dispatch desk in pages: the board, one order to the end, the shelves, a recall."""

import httpx2
import pytest

from prescriptions.states import DispatchState, Path
from prescriptions.stock import Pharmacy
from telehealth.core.access import Actor
from telehealth.web.house import House
from tests.support.factories.accounts import cookie
from tests.support.factories.dispatch import (
    PILL,
    Dispensary,
    add_dispenser,
    add_order,
    add_pharmacy,
    be_seen,
    item,
    open_dispensary,
    order,
    stock,
    to_packed,
    to_picked,
)


@pytest.fixture
async def place(house: House) -> Dispensary:
    found = await open_dispensary(house.units)
    await stock(house.units, found.pharmacy, {PILL: 20})
    return found


async def stranger_of(house: House, place: Dispensary) -> tuple[Pharmacy, Actor]:
    other = await add_pharmacy(house.units, place.visit, code="other", order=2)
    return other, await add_dispenser(house.units, other, login="stranger")


async def test_the_board_shows_each_lane_and_whoever_is_late(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await add_order(house.units, place)
    await to_picked(house.units, place, await add_order(house.units, place))
    page = await client.get("/staff/dispatch", headers=await cookie(house.units, place.first))
    assert page.status_code == 200
    assert row.number in page.text and "还有 24 小时" in page.text
    for words in ("待领单", "待复核", "待打包", "待交付"):
        assert words in page.text
    assert place.visit.who.person.name not in page.text


async def test_one_order_is_worked_through_by_its_forms(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await add_order(house.units, place, path=Path.WINDOW)
    first, second = [await cookie(house.units, who) for who in (place.first, place.second)]
    base = f"/staff/dispatch/{row.id}"

    async def press(verb: str, headers: dict[str, str], **fields: object) -> httpx2.Response:
        return await client.post(f"{base}/{verb}", headers=headers, data=fields)

    await be_seen(house.units, place.first, place.second)
    found = await client.post("/staff/dispatch/scan", headers=first, data={"code": row.number.lower()})
    assert found.headers["location"] == base
    assert (await press("claim", first)).status_code == 303
    assert (await press("scan", first, code="NOBODY")).status_code == 409
    assert (await press("scan", first, code="L1")).status_code == 303
    assert "L1" in (await client.get(base, headers=first)).text
    assert (await press("pick", first)).status_code == 303
    half = await press("check", second, ticked=["name", "age"])
    assert half.status_code == 422
    ten = ["department", "name", "age", "drug", "form", "strength", "quantity", "appearance", "usage"]
    assert (await press("check", first, ticked=[*ten, "diagnosis"])).status_code == 409
    assert (await press("check", second, ticked=[*ten, "diagnosis"])).status_code == 303
    assert (await press("pack", first)).status_code == 303
    assert (await press("call", first)).status_code == 303
    number = place.visit.who.person.document_number
    empty = await press("collect", first, name="样例乙", patient_number=number)
    assert empty.status_code == 422 and "请记录用药交代" in empty.text
    done = await press("collect", first, name="样例乙", patient_number=number, counselling="饭后服用")
    assert done.headers["location"] == "/staff/dispatch"
    assert (await order(house.units, row.id)).state is DispatchState.COLLECTED
    assert (await client.get(base, headers=first)).status_code == 200


async def test_another_pharmacys_order_has_no_page(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await add_order(house.units, place)
    _, stranger = await stranger_of(house, place)
    headers = await cookie(house.units, stranger)
    assert (await client.get(f"/staff/dispatch/{row.id}", headers=headers)).status_code == 404
    assert (await client.post(f"/staff/dispatch/{row.id}/claim", headers=headers)).status_code == 404
    assert (await client.get(f"/staff/dispatch/{row.id}/labels.pdf", headers=headers)).status_code == 404


async def test_goods_come_in_are_counted_and_blocked_on_the_page(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    headers = await cookie(house.units, place.first)
    stranger = await cookie(house.units, (await stranger_of(house, place))[1])
    assert (await client.get("/staff/stock", headers=headers)).status_code == 200
    bad = await client.post(
        "/staff/stock/receive/list", headers=headers,
        data={"text": "drug_code,lot_number,expires_on,quantity\nX9,L2,2028-01-31,-1"},
    )  # fmt: skip
    assert bad.status_code == 422 and "row.2" in bad.text
    drug = await client.get(f"/staff/stock/drugs/{PILL}", headers=headers)
    assert drug.status_code == 200 and "L1" in drug.text
    lot_id = drug.text.split("/staff/stock/lots/")[1].split("/")[0]
    assert (
        await client.post(f"/staff/stock/lots/{lot_id}/count", headers=stranger, data={"found": "1"})
    ).status_code == 404
    await client.post(f"/staff/stock/lots/{lot_id}/count", headers=headers, data={"found": "18"})
    assert (await item(house.units, place.pharmacy)).on_hand == 18
    await client.post(f"/staff/stock/lots/{lot_id}/block", headers=headers)
    assert (await item(house.units, place.pharmacy)).on_hand == 0


async def test_a_recall_lists_who_has_the_lot_with_masked_names(
    client: httpx2.AsyncClient, house: House, place: Dispensary
) -> None:
    row = await to_packed(house.units, place, await add_order(house.units, place, path=Path.WINDOW))
    headers = await cookie(house.units, place.first)
    wanted = {"drug_code": PILL, "lot_number": "L1", "reason": "厂家通知"}
    opened = await client.post("/staff/recalls", headers=headers, data=wanted)
    page = await client.get(opened.headers["location"], headers=headers)
    assert row.number in page.text and "样*" in page.text
    assert place.visit.who.person.name not in page.text
    listed = await client.get(f"{opened.headers['location']}/list.csv", headers=headers)
    assert row.number in listed.text
    assert (await client.get("/staff/recalls", headers=headers)).status_code == 200
    board = await client.get("/staff/dispatch", headers=headers)
    assert "批号召回" in board.text
    done = await client.post(f"{opened.headers['location']}/closing", headers=headers)
    assert done.status_code == 303
