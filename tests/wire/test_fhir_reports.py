"""Reports of laboratory and imaging through the hospital's FHIR door, as its system really answers."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from telehealth.core.clock import SHANGHAI, SystemClock, hospital_day
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.hospital.adapters.reports import FHIRReports
from telehealth.hospital.adapters.transport import FHIRServer
from telehealth.hospital.reports import FetchedReports, Flag, ReportKind, ReportStatus
from tests.support.sandbox import Sandbox
from tests.wire.test_fhir_gateway import settings_of

#: Seen for high pressure lately: lipids, kidneys, and a picture of the heart.
SAMPLE = "yn01"
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@pytest.fixture
async def door(sandbox: Sandbox) -> AsyncIterator[FHIRReports]:
    opened = FHIRReports({"yunan": settings_of(sandbox, "yunan")}, SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def patient() -> str:
    """Somebody in the hospital's system whom no other test asks about."""
    return f"p-{uuid4()}"


def now() -> datetime:
    return SystemClock().business().astimezone(SHANGHAI)


async def ask(door: FHIRReports, patient: str, *, days: int = 180) -> FetchedReports:
    return await door.reports("yunan", patient, since=hospital_day(now()) - timedelta(days=days))


def measure(sandbox: Sandbox, patient: str, name: str, **more: Any) -> str:
    """An Observation in the hospital's system; its id."""
    body = {
        "resourceType": "Observation", "id": name, "status": "final", "code": {"text": "样例项目"},
        "subject": {"reference": f"Patient/{patient}"}, "valueQuantity": {"value": 4.20, "unit": "mmol/L"},
    }  # fmt: skip
    sandbox.put_resource("yunan", body | more)
    return name


def report(sandbox: Sandbox, patient: str, name: str, *results: str, **more: Any) -> str:
    taken = (now() - timedelta(days=1)).isoformat(timespec="seconds")
    body = {
        "resourceType": "DiagnosticReport", "id": name, "status": "final", "code": {"text": "样例报告"},
        "category": [{"coding": [{"system": _SECTION, "code": "LAB"}]}],
        "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": taken, "issued": taken,
        "result": [{"reference": f"Observation/{each}"} for each in results],
    }  # fmt: skip
    sandbox.put_resource("yunan", body | more)
    return name


async def test_a_report_comes_with_what_the_laboratory_said_of_each_value(door: FHIRReports) -> None:
    fetched = await ask(door, SAMPLE)
    lipids = next(one for one in fetched.reports if one.title == "血脂四项")
    assert (lipids.kind, lipids.status) == (ReportKind.LABORATORY, ReportStatus.FINAL)
    first, _, third, _ = lipids.lines
    assert (first.name, first.value, first.unit) == ("总胆固醇", "5.62", "mmol/L")
    assert (first.reference, first.flag) == ("0–5.18", Flag.HIGH)
    assert (third.reference, third.flag) == ("≥ 1.04", Flag.NORMAL)
    assert lipids.reported_at - lipids.taken_at == timedelta(hours=4)
    heart = next(one for one in fetched.reports if one.kind is ReportKind.IMAGING)
    assert heart.lines == () and heart.conclusion.startswith("左室壁")


async def test_the_newest_comes_first_and_what_was_entered_in_error_is_dropped(door: FHIRReports) -> None:
    fetched = await ask(door, SAMPLE)
    taken = [one.taken_at for one in fetched.reports]
    assert taken == sorted(taken, reverse=True) and len(taken) >= 3
    assert fetched.dropped >= 1
    assert "yn01-v1-r9" not in {one.resource_id for one in fetched.reports}


async def test_every_page_of_reports_is_read_with_the_lines_of_each(
    door: FHIRReports, sandbox: Sandbox, patient: str
) -> None:
    """Fifty go on a page; a line stands on the page of its report."""
    names = [f"{patient}-{n:02}" for n in range(53)]
    for name in names:
        report(sandbox, patient, name, measure(sandbox, patient, f"{name}-o"))
    sandbox.forget_requests()
    fetched = await ask(door, patient)
    assert sorted(one.resource_id for one in fetched.reports) == names and fetched.dropped == 0
    assert all(len(one.lines) == 1 for one in fetched.reports)
    assert [knock["method"] for knock in sandbox.requests("his")] == ["POST", "GET"]


async def test_a_report_needs_no_pdf_and_one_that_lies_elsewhere_is_not_fetched(
    door: FHIRReports, sandbox: Sandbox, patient: str
) -> None:
    """The words are the report; an attachment lies in the hospital's own network, where we do not go."""
    elsewhere = {"contentType": "application/pdf", "url": "https://pacs.example/reports/1.pdf"}
    report(sandbox, patient, f"{patient}-bare", conclusion=" 未见异常。 ")
    report(sandbox, patient, f"{patient}-with", conclusion="未见异常。", presentedForm=[elsewhere])
    sandbox.forget_requests()
    fetched = await ask(door, patient)
    assert {one.conclusion for one in fetched.reports} == {"未见异常。"} and len(fetched.reports) == 2
    assert len(sandbox.requests("his")) == 1


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("preliminary", ReportStatus.PRELIMINARY), ("final", ReportStatus.FINAL),
        ("amended", ReportStatus.AMENDED), ("corrected", ReportStatus.AMENDED),
        ("appended", ReportStatus.AMENDED),
        ("registered", None), ("partial", None), ("cancelled", None), ("unknown", None),
    ],
)  # fmt: skip
async def test_a_status_decides_whether_a_report_is_shown(
    door: FHIRReports, sandbox: Sandbox, patient: str, said: str, known: ReportStatus | None
) -> None:
    report(sandbox, patient, f"{patient}-s", status=said, conclusion="样例")
    fetched = await ask(door, patient)
    assert [one.status for one in fetched.reports] == ([known] if known else [])
    assert fetched.dropped == (0 if known else 1)


async def test_a_status_nobody_wrote_into_the_standard_is_dropped_and_the_others_stay(
    sandbox: Sandbox,
) -> None:
    taken = (now() - timedelta(days=1)).isoformat(timespec="seconds")

    def made(name: str, status: str) -> dict[str, Any]:
        return {
            "resourceType": "DiagnosticReport", "id": name, "status": status, "code": {"text": "样例报告"},
            "subject": {"reference": "Patient/p"}, "effectiveDateTime": taken,
        }  # fmt: skip

    opened = answering(sandbox, lambda _: bundle(made("a", "验证中"), made("b", "final"), made("c", "")))
    fetched = await ask(opened, "p")
    assert [one.resource_id for one in fetched.reports] == ["b"] and fetched.dropped == 2


async def test_half_a_report_is_not_read_as_a_whole_one(
    door: FHIRReports, sandbox: Sandbox, patient: str
) -> None:
    """A line that is missing, struck out or somebody else's."""
    whole = measure(sandbox, patient, f"{patient}-1")
    struck = measure(sandbox, patient, f"{patient}-2", status="entered-in-error")
    others = measure(sandbox, patient, f"{patient}-3", subject={"reference": "Patient/yn02"})
    report(sandbox, patient, f"{patient}-a", whole)
    for name, line in (("b", struck), ("c", others), ("d", f"{patient}-never-was")):
        report(sandbox, patient, f"{patient}-{name}", whole, line)
    fetched = await ask(door, patient)
    assert [one.resource_id for one in fetched.reports] == [f"{patient}-a"] and fetched.dropped == 3


async def test_a_report_of_somebody_else_or_of_another_time_is_dropped(sandbox: Sandbox) -> None:
    """A careless server ignores what it was asked for; what comes back is checked again."""

    def made(name: str, days_ago: int, patient: str = "p", **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "DiagnosticReport", "id": name, "status": "final", "code": {"text": "样例报告"},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": (now() - timedelta(days=days_ago)).isoformat(timespec="seconds"),
        } | more  # fmt: skip

    opened = answering(
        sandbox,
        lambda _: bundle(
            made("mine", 1), made("theirs", 1, "q"), made("old", 400), made("to come", -2),
            made("undated", 1, effectiveDateTime="昨天"), made("nameless", 1, id=""),
        ),
    )  # fmt: skip
    fetched = await ask(opened, "p")
    assert [one.resource_id for one in fetched.reports] == ["mine"] and fetched.dropped == 5


async def test_a_changed_report_is_told_anew(door: FHIRReports, sandbox: Sandbox, patient: str) -> None:
    """Version and digest say which telling it is; a changed value changes both ends of it."""
    line = measure(sandbox, patient, f"{patient}-l")
    report(sandbox, patient, f"{patient}-r", line)
    (before,) = (await ask(door, patient)).reports
    assert (await ask(door, patient)).reports == (before,)
    flagged = [{"coding": [{"system": _FLAGS, "code": "HH"}]}]
    measure(sandbox, patient, line, valueQuantity={"value": 6.1, "unit": "mmol/L"}, interpretation=flagged)
    report(sandbox, patient, f"{patient}-r", line, status="corrected")
    (after,) = (await ask(door, patient)).reports
    assert (after.status, after.lines[0].value) == (ReportStatus.AMENDED, "6.1")
    assert after.lines[0].flag is Flag.VERY_HIGH
    assert after.digest != before.digest and after.version_id != before.version_id


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mode": "down"}, "server_error"),
        ({"mode": "timeout", "seconds": 8}, "timeout"),
        ({"mode": "throttled", "retry_after_s": 7}, "throttled"),
    ],
)
async def test_XY24_a_system_that_fails_is_unavailable_never_a_person_without_reports(
    door: FHIRReports, sandbox: Sandbox, fault: dict[str, Any], reason: str
) -> None:
    with sandbox.faults(his=fault), pytest.raises(HISUnavailable) as raised:
        await ask(door, SAMPLE)
    assert raised.value.facts["reason"] == reason


async def test_XY24_a_page_that_fails_halfway_is_no_answer_at_all(sandbox: Sandbox) -> None:
    base, pages = settings_of(sandbox, "yunan").base_url, []

    def reply(request: httpx2.Request) -> httpx2.Response:
        pages.append(request.method)
        if request.method == "GET":
            return httpx2.Response(503)
        link = [{"relation": "next", "url": f"{base}?_getpages=2"}]
        return httpx2.Response(200, json={"resourceType": "Bundle", "type": "searchset", "link": link})

    with pytest.raises(HISUnavailable):
        await ask(answering(sandbox, reply), "p")
    assert pages[:2] == ["POST", "GET"]


async def test_a_hospital_without_a_door_is_unavailable(door: FHIRReports) -> None:
    with pytest.raises(HISUnavailable):
        await door.reports("nowhere", SAMPLE, since=hospital_day(now()))


async def test_a_refusal_carries_the_codes_of_its_outcome(sandbox: Sandbox) -> None:
    wrong = settings_of(sandbox, "yunan", token=SecretStr("somebody else's"))
    opened = FHIRReports({"yunan": wrong}, SystemClock())
    with pytest.raises(HISRejected) as raised:
        await ask(opened, SAMPLE)
    await opened.close()
    assert (raised.value.facts["status"], raised.value.facts["issues"]) == (401, ["login"])


_OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-supported", "diagnostics": "叶文舟 330098198003159411"}],
}
_XML = (
    '<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/>'
    '<code value="not-supported"/></issue></OperationOutcome>'
)


@pytest.mark.parametrize(
    ("answer", "status", "issues"),
    [
        (httpx2.Response(400, json=_OUTCOME), 400, ["not-supported"]),
        (httpx2.Response(200, json=_OUTCOME), 200, ["not-supported"]),
        (httpx2.Response(422, text=_XML, headers={"content-type": "application/fhir+xml"}), 422, []),
        (httpx2.Response(403, text="<html>forbidden</html>"), 403, []),
        (httpx2.Response(404), 404, []),
    ],
)
async def test_an_outcome_in_whatever_form_is_a_rejection_that_names_nobody(
    sandbox: Sandbox, answer: httpx2.Response, status: int, issues: list[str]
) -> None:
    with pytest.raises(HISRejected) as raised:
        await ask(answering(sandbox, lambda _: answer), "p")
    assert (raised.value.facts["status"], raised.value.facts["issues"]) == (status, issues)
    assert "叶文舟" not in str(raised.value) + str(raised.value.facts)


@pytest.mark.parametrize(
    "body", [_XML, "<Bundle xmlns='http://hl7.org/fhir'/>", "[]", '{"resourceType":"Bundle","entry":1}', ""]
)
async def test_XY24_a_200_that_is_no_json_bundle_is_no_person_without_reports(
    sandbox: Sandbox, body: str
) -> None:
    """Some servers answer XML to whoever asks for JSON, also when they fail."""
    with pytest.raises(HISUnavailable) as raised:
        await ask(answering(sandbox, lambda _: httpx2.Response(200, text=body)), "p")
    assert raised.value.facts["reason"] == "malformed"


def bundle(*resources: dict[str, Any]) -> httpx2.Response:
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    return httpx2.Response(200, json={"resourceType": "Bundle", "type": "searchset", "entry": entries})


def answering(sandbox: Sandbox, reply: Callable[[httpx2.Request], httpx2.Response]) -> FHIRReports:
    """A hospital's system that says what no sandbox says; nothing of ours is replaced but the wire."""
    settings = settings_of(sandbox, "yunan")
    opened = FHIRReports({"yunan": settings}, SystemClock())
    opened._servers["yunan"] = FHIRServer("yunan", settings, transport=httpx2.MockTransport(reply))
    return opened
