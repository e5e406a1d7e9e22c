"""Each route × each role × another person's object: refused, hidden, and nothing changed.

The lists come from the features themselves, so a new route is in the matrix the moment it exists.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from starlette.routing import Route, WebSocketRoute

import app
from telehealth.core.access import GRANTS, Actor, Permission, Role
from telehealth.core.settings import Settings
from telehealth.web.contract import Operation, operation_of
from telehealth.web.house import House
from telehealth.web.openapi import PREFIX, operations
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.town import Side

Town = tuple[Side, Side]
Client = httpx2.AsyncClient
EVERYBODY = [None, *Role]
named = pytest.mark.parametrize("role", EVERYBODY, ids=lambda role: str(role or "nobody"))
known = pytest.mark.parametrize("role", list(Role), ids=str)

#: Names in a path that belong to nobody: what they lead to is every patient's or everybody's.
PUBLIC_NAMES = {"code", "topic", "drug_code", "verb", "act", "kind", "token", "source"}
PUBLIC_THINGS = {("clinic_id", Role.PATIENT), ("notice_id", Role.PATIENT)}

#: A body that would be accepted, for each operation that takes an id of somebody's and a body.
BODIES: dict[str, dict[str, Any]] = {
    "save_policy_draft": {"body": {}, "revision": 1},
    "rehearse_policy_version": {"cases": '{"cases": []}'},
    "publish_policy_version": {"revision": 1},
    "start_face_check": {"agree_face": True},
    "request_consent_code": {"hospital": "yunan"},
    "give_consent": {"code": "123456"},
    "request_review": {"hospital": "yunan"},
    "approve_identity_review": {},
    "refuse_identity_review": {"reason": "证件照片不清晰"},
    "agree_bill_details": {"agreed": True},
    "offer_family_paper": {"content_type": "image/jpeg", "size": 1000},
    "start_member_face_check": {"agree_face": True},
    "check_member_bank_card": {"card": "6228480000000000000", "phone": "13800001234"},
    "give_member_code": {"code": "123456"},
    "refuse_binding": {"reason": "材料不清晰"},
    "make_appeal": {"text": "当天在住院"},
    "answer_heir": {"granted": True, "answer": "请持证明到院办理"},
    "unlock_export": {"code": "123456"},
    "reverse_strike": {"reason": "核实后撤销"},
    "uphold_appeal": {"answer": "情况属实"},
    "decline_appeal": {"answer": "情况不符"},
    "record_clinic_closure": {"reason": "医生临时请假"},
    "save_intake_form": {"version": 1, "complaint": "续药"},
    "submit_intake_form": {},
    "offer_attachment": {"kind": "tongue", "content_type": "image/jpeg", "size": 1000},
    "take_rebooking": {"slot_id": "00000000-0000-4000-8000-000000000001", "stable": True},
    "cancel_for_patient": {"reason": "患者来电取消"},
    "change_staff_member": {"name": "别人", "roles": ["desk"]},
    "suspend_staff_member": {"reason": "离岗"},
    "reinstate_staff_member": {"reason": "返岗"},
    "begin_payment": {"way": "native"},
    "check_payer": {"code": "123456"},
    "declare_insured": {"region": "beijing"},
    "take_booking_cash": {"received": 5000},
    "resolve_difference": {"note": "渠道次日补单"},
    "hand_difference_over": {"member_id": "00000000-0000-4000-8000-000000000001"},
    "say_in_room": {"client_id": "00000000-0000-4000-8000-000000000001", "text": "在吗"},
    "offer_room_file": {"kind": "photo", "content_type": "image/jpeg", "size": 1000},
    "answer_recording_consent": {"agreed": True},
    "invite_helper": {"name": "女儿"},
    "note_device_check": {"camera": "good", "microphone": "good"},
    "admit_patient": {"fit": True},
    "save_note": {"version": 0, "complaint": "续药"},
    "sign_note": {"version": 1},
    "conclude_visit": {"advice": "一个月后复诊"},
    "withdraw_visit": {"reason": "出现新症状", "advice": "请到门诊面诊"},
    "invite_colleague": {"doctor_id": "00000000-0000-4000-8000-000000000001", "reason": "会诊"},
    "offer_formulary_file": {"table": "medicines", "size": 1000},
    "complete_follow_up": {"outcome": "已电话随访"},
    "choose_courier": {
        "name": "样例甲",
        "mobile": "13800001234",
        "province": "浙江省",
        "city": "杭州市",
        "county": "西湖区",
        "street": "样例路 2 号",
        "agrees_self_pay": True,
        "agrees_disclosure": True,
    },
    "take_prescription_cash": {"received": 1200},
    "decide_prescription_refund": {"cause": "lost"},
    "charge_outpatient_bill": {"amount": 1200, "agrees_self_pay": True},
    "name_queue_room": {"room": "3 诊室"},
    "scan_lot": {"code": "L1"},
    "start_decoction": {"pot": "1"},
    "finish_decoction": {"bags": 7},
    "check_order": {"matches": ["name"]},
    "reject_order": {"reason": "规格不符"},
    "enter_waybill": {"carrier": "ems", "waybill": "EA000000000CN"},
    "pack_order": {},
    "hand_over_order": {"waybill": "SF0000000000000"},
    "collect_order": {"name": "样例甲", "counselling": "饭后服用"},
    "report_trouble": {"kind": "short"},
    "resolve_trouble": {"way": "continued"},
    "close_recall": {"is_sound": False},
    "count_lot": {"found": "1"},
    "settle_refund_by_hand": {"note": "已在窗口退还现金"},
    "open_prescription": {"kind": "western"},
    "save_pad": {"version": 1, "facts": {}, "lines": []},
    "copy_last_prescription": {"version": 1},
    "confirm_line": {"version": 1},
    "resign_line": {"version": 1, "key": "0123456789abcdef", "reason": "样例：确需使用"},
    "split_prescription": {"version": 1},
    "sign_prescription": {"version": 1},
    "pass_prescription": {"issue": 1},
    "return_prescription": {"issue": 1, "reason": "样例：请核对剂量"},
    "refuse_prescription": {"issue": 1, "reason": "样例：不宜使用"},
    "report_reaction": {
        "drug_codes": ["W001"],
        "what": "样例：起红疹",
        "began_on": "2026-11-20",
        "severity": "mild",
        "taking": "stopped",
    },
    "assess_reaction": {"causality": "possible", "ending": "recovered", "advice": "样例：停用"},
    "rate_visit": {"stars": 5},
    "revise_rating": {"stars": 4},
    "add_to_complaint": {"text": "样例：补充"},
    "reopen_complaint": {"text": "样例：不满意"},
    "offer_complaint_photo": {"content_type": "image/jpeg", "size": 1000},
    "reply_to_complaint": {"text": "样例：正在核实"},
    "answer_complaint": {"text": "样例：已核实"},
}

#: Operations whose body names somebody's object, and the names of those fields.
NAMED_IN_BODY: dict[str, tuple[str, dict[str, Any]]] = {
    "issue_paper": ("document_id", {"kind": "report"}),
    "ask_record_export": ("person_id", {}),
    "make_share": ("person_id", {"papers": ["report:00000000-0000-4000-8000-000000000001"], "days": 7}),
    "restrict_data": ("person_id hospital_id", {}),
    "hold_slot": ("slot_id person_id check_id form_id", {}),
    "begin_intake_form": ("person_id department_id", {}),
    "request_binding": ("person_id", {"hospital": "yunan"}),
    "bind_card": ("person_id", {"number": "T0000001"}),
    "price_cover": ("state", {"pay_auth_no": "AUTH0000000001"}),
    "check_eligibility": ("person_id", {}),
    "make_complaint": ("about_id", {"kind": "waiting", "text": "样例：无人接诊", "about": "booking"}),
    "accept_service_notice": ("person_id", {"sha256": "0" * 64, "channel": "app"}),
}


@named
async def test_who_lacks_the_permission_is_refused_at_the_door(
    town_http: Client, town_house: House, town: Town, role: Role | None
) -> None:
    here = town[0]
    headers = await _signed_in(town_house, here.actor(role), bearer)
    for method, path, operation in _api():
        if operation.needs is None or _may(role, operation.needs):
            continue
        answer = await town_http.request(method, _fill(path, here), headers=headers)
        expected = (401, "unauthenticated") if role is None else (403, "forbidden")
        assert (answer.status_code, answer.json()["code"]) == expected, f"{method} {path}"


@known
async def test_who_has_the_permission_reads_what_is_theirs(
    town_http: Client, town_house: House, town: Town, role: Role
) -> None:
    here = town[0]
    headers = await _signed_in(town_house, here.actor(role), bearer)
    for method, path, operation in _api():
        if method == "GET" and operation.needs and _may(role, operation.needs) and "{" not in path:
            answer = await town_http.get(path, headers=headers)
            # A list may ask for a query; it never says "you may not".
            assert answer.status_code in (200, 422), f"{path}: {answer.text}"


@named
async def test_everybody_reads_what_is_public(
    town_http: Client, town_house: House, town: Town, role: Role | None
) -> None:
    here = town[0]
    headers = await _signed_in(town_house, here.actor(role), bearer)
    for method, path, operation in _api():
        if method == "GET" and operation.public:
            answer = await town_http.get(_fill(path, here), headers=headers)
            assert answer.status_code in (200, 422), f"{path}: {answer.text}"


@known
async def test_another_persons_object_is_not_found_and_not_touched(
    town_http: Client, town_house: House, town: Town, town_settings: Settings, role: Role
) -> None:
    """With the permission, and with a body that would be accepted: as if there were no such thing."""
    here, there = town
    headers = await _signed_in(town_house, here.actor(role), bearer)
    before = _everything(town_settings)
    asked = 0
    for method, path, operation in _api():
        if operation.needs and _may(role, operation.needs) and _names_somebodys(path, role):
            body = BODIES[operation.name] if operation.body is not None else None
            answer = await town_http.request(method, _fill(path, there), headers=headers, json=body)
            said = (answer.status_code, answer.headers.get("content-type"))
            assert said == (404, "application/problem+json"), f"{method} {path}: {said} {answer.text}"
            asked += 1
    assert asked >= (15 if role in (Role.PATIENT, Role.ADMIN) else 3)
    assert _everything(town_settings) == before


@pytest.mark.parametrize("operation_id", NAMED_IN_BODY)
async def test_another_persons_object_named_in_a_body_is_not_found_and_not_touched(
    town_http: Client, town_house: House, town: Town, town_settings: Settings, operation_id: str
) -> None:
    here, there = town
    method, path, _ = next(found for found in _api() if found[2].name == operation_id)
    headers = await bearer(town_house.units, here.patient.actor)
    names, rest = NAMED_IN_BODY[operation_id]
    before = _everything(town_settings)
    body = rest | {name: _thing(there, name) for name in names.split()}
    answer = await town_http.request(method, _fill(path, there), headers=headers, json=body)
    assert answer.status_code in (404, 409), answer.text
    if "person_id" in names and answer.status_code == 409:
        assert operation_id == "accept_service_notice", answer.text
    assert _everything(town_settings) == before


async def test_the_desk_of_another_hospital_books_nobody(
    town_http: Client, town_house: House, town: Town, town_settings: Settings
) -> None:
    here, there = town
    headers = await bearer(town_house.units, here.actor(Role.DESK))
    before = _everything(town_settings)
    body = {"slot_id": there.things["slot_id"], "person_id": there.things["person_id"], "channel": "desk"}
    answer = await town_http.post(f"{PREFIX}/desk-bookings", headers=headers, json=body)
    assert answer.status_code in (404, 422), answer.text
    if answer.status_code == 422:
        pytest.fail(f"the body of desk bookings changed: {answer.text}")
    assert _everything(town_settings) == before


@named
async def test_pages_lead_nobody_in(
    town_http: Client, town_house: House, town: Town, town_settings: Settings, role: Role | None
) -> None:
    """Whoever is not signed in is led to the right door; whoever may not is told so."""
    here = town[0]
    headers = await _signed_in(town_house, here.actor(role), cookie)
    before = _everything(town_settings)
    for method, path, operation in _pages():
        if operation.needs is None or _may(role, operation.needs):
            continue
        answer = await town_http.request(method, _fill(path, here), headers=headers)
        if role is None:
            door = "/staff/sign-in" if path.startswith(("/staff", "/admin")) else "/sign-in"
            assert answer.status_code == 303, f"{method} {path}"
            assert answer.headers["location"].partition("?")[0] == door, f"{method} {path}"
        else:
            assert answer.status_code == 403, f"{method} {path}"
    assert _everything(town_settings) == before


@known
async def test_pages_of_another_persons_object_are_not_found(
    town_http: Client, town_house: House, town: Town, town_settings: Settings, role: Role
) -> None:
    here, there = town
    headers = await _signed_in(town_house, here.actor(role), cookie)
    before = _everything(town_settings)
    for method, path, operation in _pages():
        if operation.needs and _may(role, operation.needs) and _names_somebodys(path, role):
            answer = await town_http.request(method, _fill(path, there), headers=headers)
            # A form that lacks its fields may be refused before anybody looks for the object.
            allowed = {404} if method == "GET" else {404, 422}
            assert answer.status_code in allowed, f"{method} {path}: {answer.status_code}"
    assert _everything(town_settings) == before


def test_every_operation_that_takes_somebodys_id_and_a_body_is_in_the_matrix() -> None:
    wanted = {
        operation.name
        for _, path, operation in _api()
        if operation.needs and operation.body is not None and _names_somebodys(path, None)
    }
    assert wanted == set(BODIES)


async def _signed_in(house: House, actor: Actor, door: Any) -> dict[str, str]:
    found: dict[str, str] = await door(house.units, actor) if actor.is_known else {}
    return found


def _api() -> Iterator[tuple[str, str, Operation]]:
    routes = [route for feature in app.FEATURES for route in feature.api]
    for route, method, operation in operations(routes):
        yield method, f"{PREFIX}{route.path}", operation


def _pages() -> Iterator[tuple[str, str, Operation]]:
    for feature in app.FEATURES:
        for route in feature.pages:
            if isinstance(route, WebSocketRoute):
                # Its own tests say who comes in: by ticket, after the upgrade.
                continue
            assert isinstance(route, Route)
            operation = operation_of(route.endpoint)
            assert operation is not None
            for method in sorted((route.methods or set()) - {"HEAD"}):
                if feature.name != "demo":
                    yield method, route.path, operation


def _may(role: Role | None, permission: Permission) -> bool:
    return role is not None and permission in GRANTS[role]


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)(?::\w+)?}", path)


def _names_somebodys(path: str, role: Role | None) -> bool:
    return any(name not in PUBLIC_NAMES and (name, role) not in PUBLIC_THINGS for name in _names(path))


def _fill(path: str, side: Side) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: side.fill(found[1], path), path)


def _thing(side: Side, name: str) -> str:
    return side.things[{"check_id": "gate_check_id", "about_id": "booking_id"}.get(name, name)]


def _everything(settings: Settings) -> dict[str, str]:
    """Every row of every table as one digest a table, but for what a mere look leaves behind."""
    engine = sa.create_engine(settings.owner_url.get_secret_value())
    digests = {}
    with engine.connect() as connection:
        for table in app.METADATA.sorted_tables:
            if table.name != "sessions":
                query = sa.text(f"select md5(string_agg(t::text, '|' order by t::text)) from {table.name} t")  # noqa: S608
                digests[table.name] = str(connection.scalar(query))
    engine.dispose()
    return digests
