"""The hospital's system through its FHIR door: what it says, what we do not believe, when it fails."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from telehealth.core.clock import SystemClock, add_months, hospital_day
from telehealth.core.settings import HIS
from telehealth.hospital import DocumentSystem, HISRejected, HISUnavailable, Outcome, VisitKind
from telehealth.hospital.adapters.fhir import FHIRGateway
from telehealth.hospital.adapters.transport import FHIRServer
from tests.support.sandbox import Sandbox


def settings_of(sandbox: Sandbox, code: str, **changes: Any) -> HIS:
    his = sandbox.credentials["his"]["hospitals"][code]
    return HIS(
        base_url=his["base_url"],
        token=SecretStr(his["token"]),
        organization=his["organization"],
        card_system=his["card_system"],
        timeout_s=2.0,
    ).model_copy(update=changes)


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[FHIRGateway]:
    clock = SystemClock()
    opened = FHIRGateway({code: settings_of(sandbox, code) for code in ("yunan", "jiangbin")}, clock)
    yield opened
    await opened.close()


def half_a_year_ago() -> Any:
    return add_months(hospital_day(SystemClock().business()), -6)


async def visits(gateway: FHIRGateway, patient: str, hospital: str = "yunan", **wanted: Any) -> list[str]:
    fetched = await gateway.visits(hospital, patient, since=half_a_year_ago(), **wanted)
    return [visit.resource_id for visit in fetched.visits]


async def test_XY18_a_card_finds_its_one_patient_with_documents_and_phone(
    gateway: FHIRGateway, sandbox: Sandbox
) -> None:
    sample = sandbox.samples()["yn01"]
    found = await gateway.find_patients("yunan", DocumentSystem.CARD, sample["card"])
    match = found.only
    assert found.outcome is Outcome.ONE and match is not None
    assert (match.his_patient_id, match.name) == ("yn01", "周晓岚")
    assert match.numbers(DocumentSystem.RESIDENT_ID) == (sample["number"],)
    assert match.phones == ("13800000101",) and match.is_insurance_linked
    assert match.evidence.version_id == "1" and len(match.evidence.digest) == 64


async def test_XY18_an_unknown_card_is_none_and_a_shared_one_is_several(gateway: FHIRGateway) -> None:
    nobody = await gateway.find_patients("yunan", DocumentSystem.CARD, "YA99999999")
    two = await gateway.find_patients("yunan", DocumentSystem.CARD, "YA00010013")
    assert nobody.outcome is Outcome.NONE
    assert two.outcome is Outcome.SEVERAL and two.only is None


async def test_XY18_a_retired_card_leads_to_the_record_it_was_merged_into(gateway: FHIRGateway) -> None:
    old = await gateway.find_patients("yunan", DocumentSystem.CARD, "YA00000920")
    assert old.only is not None and old.only.his_patient_id == "yn20"


async def test_a_birth_date_that_differs_is_no_match(gateway: FHIRGateway, sandbox: Sandbox) -> None:
    sample = sandbox.samples()["yn01"]
    other = hospital_day(SystemClock().business()) - timedelta(days=365 * 30)
    found = await gateway.find_patients(
        "yunan", DocumentSystem.RESIDENT_ID, sample["number"], birth_date=other
    )
    assert found.outcome is Outcome.NONE


async def test_identifiers_never_stand_in_an_address(gateway: FHIRGateway, sandbox: Sandbox) -> None:
    sandbox.forget_requests()
    number = sandbox.samples()["yn02"]["number"]
    await gateway.find_patients("yunan", DocumentSystem.RESIDENT_ID, number)
    targets = [request["target"] for request in sandbox.requests("his")]
    assert targets and not any(number in target for target in targets)


async def test_a_number_with_the_signs_of_a_search_is_only_a_number(gateway: FHIRGateway) -> None:
    found = await gateway.find_patients("yunan", DocumentSystem.CARD, "YA00010001,YA00010002")
    assert found.outcome is Outcome.NONE


async def test_XY02_a_finished_visit_comes_with_day_campus_diagnosis_and_version(
    gateway: FHIRGateway,
) -> None:
    fetched = await gateway.visits("yunan", "yn01", since=half_a_year_ago())
    latest = fetched.visits[0]
    today = hospital_day(SystemClock().business())
    assert [visit.resource_id for visit in fetched.visits] == ["yn01-v1", "yn01-v2"]
    assert latest.on <= today - timedelta(days=20) and latest.campus == "yunan-east"
    assert latest.organization == "yunan" and latest.version_id and fetched.dropped == 0
    assert [item.code for item in latest.diagnoses] == ["I10"]


@pytest.mark.parametrize("patient", ["yn06", "yn07", "yn08", "yn09", "yn16", "yn17", "yn18"])
async def test_XY03_inpatient_emergency_cancelled_online_elsewhere_and_unfinished_do_not_count(
    gateway: FHIRGateway, patient: str
) -> None:
    assert await visits(gateway, patient) == []


async def test_XY03_a_hospital_may_let_other_kinds_count(gateway: FHIRGateway) -> None:
    kinds = (VisitKind.OUTPATIENT, VisitKind.INPATIENT)
    assert await visits(gateway, "yn06", kinds=kinds) == ["yn06-v1"]


async def test_every_page_is_read(gateway: FHIRGateway, sandbox: Sandbox) -> None:
    since = add_months(half_a_year_ago(), -6)
    one_page = await gateway.visits("yunan", "yn19", since=since)
    assert len(one_page.visits) == 24
    server = FHIRServer("yunan", settings_of(sandbox, "yunan"))
    form: dict[str, str | list[str]] = {"patient": "Patient/yn19", "_count": "5"}
    entries = await server.search("Encounter", form)
    await server.close()
    assert len({entry.resource["id"] for entry in entries}) == 24


async def test_XY03_records_nobody_asked_for_are_dropped(gateway: FHIRGateway, sandbox: Sandbox) -> None:
    with sandbox.faults(his={"mode": "ignored_parameter"}):
        fetched = await gateway.visits("yunan", "yn17", since=half_a_year_ago())
    assert fetched.visits == () and fetched.dropped >= 3


async def test_a_system_that_is_behind_only_knows_the_past(gateway: FHIRGateway, sandbox: Sandbox) -> None:
    with sandbox.faults(his={"mode": "stale", "days": 30}):
        assert await visits(gateway, "yn01") == ["yn01-v2"]
    assert await visits(gateway, "yn01") == ["yn01-v1", "yn01-v2"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mode": "down"}, "server_error"),
        ({"mode": "timeout", "seconds": 8}, "timeout"),
        ({"mode": "throttled", "retry_after_s": 7}, "throttled"),
    ],
)
async def test_XY24_a_system_that_fails_is_unavailable_never_an_empty_answer(
    gateway: FHIRGateway, sandbox: Sandbox, fault: dict[str, Any], reason: str
) -> None:
    with sandbox.faults(his=fault), pytest.raises(HISUnavailable) as raised:
        await gateway.visits("yunan", "yn01", since=half_a_year_ago())
    assert raised.value.facts["reason"] == reason
    if reason == "throttled":
        assert raised.value.retry_after_s == 7


async def test_one_failing_answer_is_asked_again_within_a_second(
    gateway: FHIRGateway, sandbox: Sandbox
) -> None:
    with sandbox.faults(his={"mode": "down", "times": 1}):
        assert await visits(gateway, "yn01") == ["yn01-v1", "yn01-v2"]


async def test_a_wrong_token_is_a_rejection_and_not_asked_again(sandbox: Sandbox) -> None:
    wrong = settings_of(sandbox, "yunan", token=SecretStr("somebody else's"))
    opened = FHIRGateway({"yunan": wrong}, SystemClock())
    sandbox.forget_requests()
    with pytest.raises(HISRejected) as raised:
        await opened.find_patients("yunan", DocumentSystem.CARD, "YA00010001")
    await opened.close()
    assert raised.value.facts["status"] == 401 and len(sandbox.requests("his")) == 1


async def test_a_hospital_without_a_door_is_unavailable(gateway: FHIRGateway) -> None:
    with pytest.raises(HISUnavailable):
        await gateway.visits("nowhere", "x", since=half_a_year_ago())


async def test_nobody_listening_is_unavailable(sandbox: Sandbox) -> None:
    nowhere = settings_of(sandbox, "yunan", base_url="http://127.0.0.1:9/fhir")
    opened = FHIRGateway({"yunan": nowhere}, SystemClock())
    with pytest.raises(HISUnavailable):
        await opened.visits("yunan", "yn01", since=half_a_year_ago())


def answering(sandbox: Sandbox, reply: Callable[[httpx2.Request], httpx2.Response]) -> FHIRServer:
    """A hospital's system that says what no sandbox says; nothing of ours is replaced but the wire."""
    return FHIRServer("yunan", settings_of(sandbox, "yunan"), transport=httpx2.MockTransport(reply))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>maintenance</html>",
        b"[]",
        b'{"resourceType":"Bundle","type":"history"}',
        b'{"resourceType":"Bundle","type":"searchset","entry":"none"}',
    ],
)
async def test_an_answer_that_is_no_bundle_is_unavailable(sandbox: Sandbox, body: bytes) -> None:
    server = answering(sandbox, lambda _: httpx2.Response(200, content=body))
    with pytest.raises(HISUnavailable):
        await server.search("Patient", {})


async def test_an_outcome_inside_a_200_is_a_rejection(sandbox: Sandbox) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
    server = answering(sandbox, lambda _: httpx2.Response(200, json=outcome))
    with pytest.raises(HISRejected) as raised:
        await server.search("Patient", {})
    assert raised.value.facts["issues"] == ["invalid"]


async def test_the_next_page_must_be_on_the_same_server(sandbox: Sandbox) -> None:
    """Following it elsewhere would hand the token to a stranger."""
    asked: list[str] = []

    def reply(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        link = [{"relation": "next", "url": "https://elsewhere.example/fhir?page=2"}]
        return httpx2.Response(200, json={"resourceType": "Bundle", "type": "searchset", "link": link})

    server = answering(sandbox, reply)
    with pytest.raises(HISUnavailable):
        await server.search("Patient", {})
    assert len(asked) == 1


async def test_pages_without_end_are_given_up(sandbox: Sandbox) -> None:
    base = settings_of(sandbox, "yunan").base_url

    def reply(_: httpx2.Request) -> httpx2.Response:
        link = [{"relation": "next", "url": f"{base}?_getpages=again"}]
        return httpx2.Response(200, json={"resourceType": "Bundle", "type": "searchset", "link": link})

    server = answering(sandbox, reply)
    with pytest.raises(HISUnavailable) as raised:
        await server.search("Patient", {})
    assert raised.value.facts["reason"] == "too_many_pages"
