"""The hospitals' FHIR server: strict where a client needs to be told, careless where it must look twice."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import httpx2
import pytest

from telehealth.core.clock import add_months
from tests.support.sandbox import Sandbox

RESIDENT_ID = "urn:oid:2.16.156.10011.1.3"
STRICT = {"Prefer": "handling=strict"}


class FHIR:
    """A plain client of one hospital."""

    def __init__(self, sandbox: Sandbox, hospital: str) -> None:
        his = sandbox.credentials["his"]["hospitals"][hospital]
        self.base = his["base_url"]
        authorization = f"Bearer {his['token']}"
        self.client = httpx2.Client(headers={"Authorization": authorization}, timeout=30)

    def ask_as(self, authorization: str) -> httpx2.Response:
        return self.search("Patient", headers={"Authorization": authorization}, identifier="x|y")

    def search(self, kind: str, *, headers: dict[str, str] | None = None, **form: Any) -> httpx2.Response:
        named = {
            name.replace("__", ":").replace("service_provider", "service-provider"): v
            for name, v in form.items()
        }
        return self.client.post(f"{self.base}/{kind}/_search", data=named, headers=headers)

    def matches(self, kind: str, **form: Any) -> list[dict[str, Any]]:
        answer = self.search(kind, headers=STRICT, **form)
        assert answer.status_code == 200, answer.text
        return matched(answer.json())

    def walk(self, bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The bundle and every page after it."""
        while True:
            yield bundle
            following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
            if not following:
                return
            bundle = self.client.get(following[0]).json()


def matched(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


def outcome_code(answer: httpx2.Response) -> str:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return str(body["issue"][0]["code"])


@pytest.fixture
def jiangbin(sandbox: Sandbox) -> Iterator[FHIR]:
    fhir = FHIR(sandbox, "jiangbin")
    with fhir.client:
        yield fhir


@pytest.fixture
def yunan(sandbox: Sandbox) -> Iterator[FHIR]:
    fhir = FHIR(sandbox, "yunan")
    with fhir.client:
        yield fhir


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def follow_up_form(patient: str) -> dict[str, Any]:
    return {
        "patient": f"Patient/{patient}",
        "class": "AMB",
        "status": "finished",
        "date": f"ge{add_months(today(), -6)}",
        "service_provider": "Organization/yunan",
        "_sort": "-date",
        "_count": "1",
        "_include": "Encounter:service-provider",
    }


def test_patient_is_found_by_document_and_confirmed_by_name_and_birth(sandbox: Sandbox, yunan: FHIR) -> None:
    person = sandbox.samples()["yn01"]
    identifier = f"{RESIDENT_ID}|{person['number']}"

    found = yunan.matches("Patient", identifier=identifier, family="周", birthdate=person["birth_date"])

    assert [patient["id"] for patient in found] == ["yn01"]
    assert found[0]["meta"]["tag"][0]["code"] == "sample"
    assert found[0]["meta"]["versionId"] == "1"
    assert yunan.matches("Patient", identifier=identifier, family="吴") == []
    assert yunan.matches("Patient", identifier=f"urn:other|{person['number']}") == []


def test_XY18_card_is_found_in_its_own_hospital_only(sandbox: Sandbox, yunan: FHIR, jiangbin: FHIR) -> None:
    identifier = f"urn:telehealth:card:yunan|{sandbox.samples()['yn01']['card']}"

    assert len(yunan.matches("Patient", identifier=identifier)) == 1
    assert jiangbin.matches("Patient", identifier=identifier) == []


def test_escaped_separators_belong_to_the_value(sandbox: Sandbox, yunan: FHIR) -> None:
    system, value = "urn:telehealth:card:yunan", "A,B|C"
    identifier = [{"system": system, "value": value}]
    sandbox.put_resource("yunan", {"resourceType": "Patient", "id": "escaped", "identifier": identifier})

    assert [p["id"] for p in yunan.matches("Patient", identifier=rf"{system}|A\,B\|C")] == ["escaped"]
    assert [p["id"] for p in yunan.matches("Patient", identifier=rf"A\,B\|C,{system}|none")] == ["escaped"]
    assert yunan.matches("Patient", identifier=r"|A\,B\|C") == []


def test_several_records_under_one_card_are_all_returned(sandbox: Sandbox, yunan: FHIR) -> None:
    card = sandbox.samples()["yn13a"]["card"]

    found = yunan.matches("Patient", identifier=f"urn:telehealth:card:yunan|{card}")

    assert {patient["id"] for patient in found} == {"yn13a", "yn13b"}


@pytest.mark.parametrize(
    ("id", "system", "code"),
    [("yn14", "urn:telehealth:passport", "PPN"), ("yn15", "urn:telehealth:permit", "TRVL")],
)
def test_XY17_other_documents_are_found_too(
    sandbox: Sandbox, yunan: FHIR, id: str, system: str, code: str
) -> None:
    found = yunan.matches("Patient", identifier=f"{system}|{sandbox.samples()[id]['number']}")

    assert found[0]["id"] == id
    assert found[0]["identifier"][0]["type"]["coding"][0]["code"] == code


@pytest.mark.parametrize("authorization", ["Basic eDp5", "Bearer sandbox-guess"])
def test_without_its_token_a_hospital_says_nothing(yunan: FHIR, authorization: str) -> None:
    answer = yunan.ask_as(authorization)

    assert (answer.status_code, outcome_code(answer)) == (401, "login")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_token_of_one_hospital_does_not_open_the_other(sandbox: Sandbox, yunan: FHIR) -> None:
    token = sandbox.credentials["his"]["hospitals"]["jiangbin"]["token"]

    assert yunan.ask_as(f"Bearer {token}").status_code == 401


def test_strict_handling_refuses_what_lenient_handling_ignores(yunan: FHIR) -> None:
    strict = yunan.search("Encounter", headers=STRICT, patient="Patient/yn01", colour="blue")
    lenient = yunan.search("Encounter", patient="Patient/yn01", colour="blue")

    assert (strict.status_code, outcome_code(strict)) == (400, "not-supported")
    assert len(matched(lenient.json())) == 2
    own_link = next(link["url"] for link in lenient.json()["link"] if link["relation"] == "self")
    assert dict(parse_qsl(urlsplit(own_link).query)) == {"patient": "Patient/yn01"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"date": "xx2026-01-01"}, "value"),
        ({"date": "ge2026-13-01"}, "value"),
        ({"status__exact": "x"}, "not-supported"),
    ],
)
def test_unreadable_value_is_refused_even_leniently(yunan: FHIR, form: dict[str, Any], code: str) -> None:
    answer = yunan.search("Encounter", **form)

    assert (answer.status_code, outcome_code(answer)) == (400, code)


def test_identifiers_are_refused_in_a_url(yunan: FHIR) -> None:
    answer = yunan.client.get(f"{yunan.base}/Patient", params={"identifier": "x|y"})

    assert (answer.status_code, outcome_code(answer)) == (403, "suppressed")


def test_XY02_recent_visit_comes_first_with_its_provider(yunan: FHIR) -> None:
    bundle = yunan.search("Encounter", headers=STRICT, **follow_up_form("yn01")).json()

    encounter = matched(bundle)[0]
    assert encounter["period"]["start"].startswith(str(today() - timedelta(days=21)))
    assert encounter["class"]["code"] == "AMB"
    included = [e["resource"] for e in bundle["entry"] if e["search"]["mode"] == "include"]
    assert [organization["id"] for organization in included] == ["yunan"]
    assert bundle["total"] == 2


@pytest.mark.parametrize(
    ("id", "count"),
    [
        ("yn04", 1),
        ("yn05", 0),
        ("yn06", 0),
        ("yn07", 0),
        ("yn08", 0),
        ("yn09", 0),
        ("yn16", 0),
        ("yn17", 0),
        ("yn18", 0),
    ],
)
def test_XY03_only_finished_outpatient_visits_here_and_in_time_match(
    yunan: FHIR, id: str, count: int
) -> None:
    assert len(yunan.matches("Encounter", **follow_up_form(id))) == count


def test_XY02_sample_at_the_edge_counts_today_and_not_tomorrow(yunan: FHIR) -> None:
    visit = yunan.matches("Encounter", **follow_up_form("yn04"))[0]
    day = date.fromisoformat(visit["period"]["start"][:10])

    assert add_months(day, 6) >= today()
    assert add_months(day - timedelta(days=1), 6) < today()


def test_date_bounds_and_alternatives_narrow_a_search(yunan: FHIR) -> None:
    day = today() - timedelta(days=21)

    def found(**form: Any) -> list[str]:
        return [e["id"] for e in yunan.matches("Encounter", patient="yn01", **form)]

    assert found(date=f"le{day}", _sort="date") == ["yn01-v2", "yn01-v1"]
    assert found(date=[f"ge{day}", f"le{day}"]) == ["yn01-v1"]
    assert found(date=f"gt{day}") == []
    assert found(status="cancelled,finished", date=f"lt{day}") == ["yn01-v2"]
    assert found(status__not="finished") == []


def test_diagnoses_of_a_visit_are_found_through_the_encounter(yunan: FHIR) -> None:
    found = yunan.matches("Condition", encounter="Encounter/yn01-v1")

    assert [c["code"]["coding"][0]["code"] for c in found] == ["I10"]


def test_every_page_is_reached_by_its_link_and_nothing_twice(yunan: FHIR) -> None:
    first = yunan.search("Encounter", headers=STRICT, patient="yn19", _sort="-date", _count="7").json()

    pages = list(yunan.walk(first))

    assert [len(matched(page)) for page in pages] == [7, 7, 7, 3]
    starts = [e["period"]["start"] for page in pages for e in matched(page)]
    assert starts == sorted(starts, reverse=True)
    assert len(set(starts)) == first["total"] == 24


def test_page_nobody_holds_is_gone(yunan: FHIR) -> None:
    answer = yunan.client.get(yunan.base, params={"_getpages": "invented", "_getpagesoffset": "20"})

    assert (answer.status_code, outcome_code(answer)) == (410, "expired")


def test_careless_server_mixes_in_what_was_not_asked(sandbox: Sandbox, yunan: FHIR) -> None:
    with sandbox.faults(his={"mode": "ignored_parameter"}):
        first = yunan.search("Encounter", headers=STRICT, **follow_up_form("yn05")).json()
        found = [e for page in yunan.walk(first) for e in matched(page)]

    assert found[0]["id"].startswith("decoy-")
    assert {e["status"] for e in found} == {"finished", "cancelled"}
    assert {e["serviceProvider"]["reference"] for e in found} == {
        "Organization/yunan",
        "Organization/elsewhere",
    }
    assert {e["subject"]["reference"] for e in found} == {"Patient/yn05", "Patient/somebody-else"}
    assert "IMP" in {e["class"]["code"] for e in found}


def test_stale_server_does_not_know_the_recent_visit(sandbox: Sandbox, yunan: FHIR) -> None:
    with sandbox.faults(his={"mode": "stale", "days": 30}):
        answer = yunan.search("Encounter", headers=STRICT, **follow_up_form("yn01")).json()

    assert [e["id"] for e in matched(answer)] == ["yn01-v2"]
    assert datetime.fromisoformat(answer["meta"]["lastUpdated"]).date() < today() - timedelta(days=28)


def test_throttled_server_says_when_to_come_back_and_then_answers(sandbox: Sandbox, yunan: FHIR) -> None:
    with sandbox.faults(his={"mode": "throttled", "retry_after_s": 3, "times": 1}):
        refused, answered = yunan.search("Patient"), yunan.search("Patient")

    assert (refused.status_code, refused.headers["retry-after"], outcome_code(refused)) == (
        429,
        "3",
        "throttled",
    )
    assert answered.status_code == 200


def test_XY24_one_hospital_down_leaves_the_other_up(sandbox: Sandbox, yunan: FHIR, jiangbin: FHIR) -> None:
    with sandbox.faults(his={"mode": "down", "hospital": "yunan"}):
        down, up = yunan.search("Patient"), jiangbin.search("Patient")

    assert (down.status_code, outcome_code(down), up.status_code) == (503, "transient", 200)


def test_server_that_hangs_outlasts_an_impatient_client(sandbox: Sandbox, yunan: FHIR) -> None:
    with (
        sandbox.faults(his={"mode": "timeout", "seconds": 2, "times": 1}),
        pytest.raises(httpx2.TimeoutException),
    ):
        yunan.client.post(f"{yunan.base}/Patient/_search", data={"_count": "1"}, timeout=0.2)

    assert yunan.search("Patient").status_code == 200


def test_update_makes_a_new_version_and_guards_the_old(sandbox: Sandbox, yunan: FHIR) -> None:
    patient = {"resourceType": "Patient", "id": "new-1", "name": [{"family": "试", "given": ["样"]}]}
    assert sandbox.put_resource("yunan", patient)["meta"]["versionId"] == "1"
    assert sandbox.put_resource("yunan", patient)["meta"]["versionId"] == "2"

    url = f"{yunan.base}/Patient/new-1"
    late = yunan.client.put(url, json=patient, headers={"If-Match": 'W/"1"'})
    assert (late.status_code, outcome_code(late)) == (412, "conflict")
    assert yunan.client.get(url).headers["etag"] == 'W/"2"'
    assert yunan.client.delete(url).status_code == 204
    assert yunan.client.get(url).status_code == 410


def test_transaction_links_its_entries_and_creates_a_patient_once(yunan: FHIR) -> None:
    card = {"system": "urn:telehealth:card:yunan", "value": "YA-TX-1"}
    entries = [
        {
            "fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111",
            "resource": {"resourceType": "Patient", "identifier": [card]},
            "request": {
                "method": "POST",
                "url": "Patient",
                "ifNoneExist": "identifier=urn:telehealth:card:yunan|YA-TX-1",
            },
        },
        {
            "resource": {
                "resourceType": "Encounter",
                "id": "tx-visit",
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"},
            },
            "request": {"method": "PUT", "url": "Encounter/tx-visit"},
        },
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    statuses = [
        [e["response"]["status"] for e in yunan.client.post(yunan.base, json=bundle).json()["entry"]]
        for _ in range(2)
    ]

    assert statuses == [["201 Created", "201 Created"], ["200 OK", "200 OK"]]
    patients = yunan.matches("Patient", identifier="urn:telehealth:card:yunan|YA-TX-1")
    assert [e["id"] for e in yunan.matches("Encounter", patient=patients[0]["id"])] == ["tx-visit"]


def test_transaction_with_one_bad_entry_writes_nothing(yunan: FHIR) -> None:
    good = {"resourceType": "Patient", "id": "tx-good"}
    bad = {
        "resourceType": "Encounter",
        "id": "tx-bad",
        "status": "done",
        "class": {"code": "AMB"},
        "subject": {"a": 1},
    }
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in (good, bad)
    ]

    answer = yunan.client.post(
        yunan.base, json={"resourceType": "Bundle", "type": "transaction", "entry": entries}
    )

    assert (answer.status_code, outcome_code(answer)) == (422, "code-invalid")
    assert yunan.client.get(f"{yunan.base}/Patient/tx-good").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Patient/nobody", 404),
        ("GET", "Spaceship/1", 404),
        ("PATCH", "Patient/yn01", 405),
        ("GET", "", 405),
        ("POST", "Patient/_search", 415),
    ],
)
def test_every_refusal_is_an_operation_outcome(yunan: FHIR, method: str, path: str, status: int) -> None:
    answer = yunan.client.request(method, f"{yunan.base}/{path}", content=b"{}")

    assert answer.status_code == status
    assert outcome_code(answer)
    assert answer.headers["content-type"].startswith("application/fhir+json")


def test_capability_statement_names_the_search_parameters(sandbox: Sandbox) -> None:
    his = sandbox.credentials["his"]["hospitals"]["yunan"]

    statement = httpx2.get(f"{his['base_url']}/metadata").json()

    encounter = next(r for r in statement["rest"][0]["resource"] if r["type"] == "Encounter")
    assert {"patient", "class", "status", "date", "service-provider"} <= {
        p["name"] for p in encounter["searchParam"]
    }
