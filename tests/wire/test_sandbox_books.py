"""What a sandbox was told outlives it; who started it does not leave it behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from telehealth.sandbox.application import build
from tests.support.sandbox import Sandbox

PATIENT = {"resourceType": "Patient", "id": "kept", "name": [{"family": "留"}]}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(build(tmp_path / "home")) as client:
        yield client


def test_books_keys_clock_and_faults_survive_kill_9(own_sandbox: Sandbox) -> None:
    before = own_sandbox.credentials
    own_sandbox.put_resource("jiangbin", PATIENT)
    own_sandbox.faults(sms={"mode": "down"})
    own_sandbox.clock(86_400)
    samples = own_sandbox.samples()

    own_sandbox.kill()
    own_sandbox.start()

    after = own_sandbox.credentials
    assert after["sms"]["secret_key"] == before["sms"]["secret_key"]
    his = after["his"]["hospitals"]["jiangbin"]
    assert his["token"] == before["his"]["hospitals"]["jiangbin"]["token"]
    headers = {"Authorization": f"Bearer {his['token']}"}
    assert httpx2.get(f"{his['base_url']}/Patient/kept", headers=headers).json()["name"] == PATIENT["name"]
    state = httpx2.get(f"{own_sandbox.base_url}/console/state").json()
    assert state["faults"] == {"sms": {"mode": "down"}}
    assert state["clock"]["offset_s"] == 86_400
    assert own_sandbox.samples() == samples


def test_orderly_stop_does_not_wait_for_a_hanging_request(own_sandbox: Sandbox) -> None:
    own_sandbox.faults(his={"mode": "timeout", "seconds": 60})
    his = own_sandbox.credentials["his"]["hospitals"]["yunan"]
    with pytest.raises(httpx2.TimeoutException):
        httpx2.get(f"{his['base_url']}/Patient/yn01", timeout=0.3)

    assert own_sandbox.stop() in (0, -signal.SIGTERM)


def test_every_key_is_recognisably_a_sandbox_key(own_sandbox: Sandbox) -> None:
    keys = own_sandbox.credentials
    secrets = [keys[party][name] for party in ("sms", "faceid") for name in ("secret_id", "secret_key")]
    secrets += [his["token"] for his in keys["his"]["hospitals"].values()]

    assert len(set(secrets)) == 6
    assert all(secret.lower().startswith("sandbox") for secret in secrets)
    assert (own_sandbox.home / "sandbox.json").stat().st_mode & 0o077 == 0


def test_sandbox_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys, os, signal\n"
        f"p = subprocess.Popen([sys.executable, '-m', 'telehealth.sandbox', '--home', {str(tmp_path)!r},"
        " '--die-with-parent'], stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # The sandbox inherits our pipe as its standard error: the pipe ends when the sandbox does.
    process = subprocess.Popen([sys.executable, "-c", starter], stderr=subprocess.PIPE)

    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == -signal.SIGKILL


def test_port_in_use_is_said_plainly(own_sandbox: Sandbox, tmp_path: Path) -> None:
    port = own_sandbox.base_url.rpartition(":")[2]
    command = [
        sys.executable,
        "-m",
        "telehealth.sandbox",
        "--home",
        str(tmp_path / "other"),
        "--port-base",
        port,
    ]

    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert second.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


def test_samples_are_dated_by_the_business_clock_of_the_first_start(tmp_path: Path) -> None:
    a_year = 366 * 86_400.0
    with TestClient(build(tmp_path / "ahead", clock_offset_s=a_year)) as ahead:
        later = {p["id"]: p for p in ahead.get("/his/samples").json()["samples"]}
    with TestClient(build(tmp_path / "now")) as now:
        sooner = {p["id"]: p for p in now.get("/his/samples").json()["samples"]}

    assert later["yn01"]["last_visit"] > sooner["yn01"]["last_visit"]
    assert later["yn11"]["birth_date"] > sooner["yn11"]["birth_date"]
    assert later["yn01"]["number"] == sooner["yn01"]["number"]


def test_moving_the_clock_ages_visits_until_samples_are_freshened(console: TestClient) -> None:
    before = console.get("/his/samples").json()["samples"][0]

    console.put("/console/clock", json={"offset_s": 200 * 86_400})
    assert console.get("/his/samples").json()["samples"][0] == before
    console.post("/console/samples")
    after = console.get("/his/samples").json()["samples"][0]

    assert after["last_visit"] > before["last_visit"]
    assert after["number"] == before["number"]


@pytest.mark.parametrize(
    "body",
    [
        {"moon": {"mode": "down"}},
        {"his": {"mode": "sulking"}},
        {"his": "down"},
        [],
        {"sms": {"mode": "slow", "seconds": "x"}},
    ],
)
def test_unknown_fault_is_refused_and_nothing_is_set(console: TestClient, body: object) -> None:
    assert console.put("/console/faults", json=body).status_code == 422
    assert console.get("/console/state").json()["faults"] == {}


def test_console_shows_books_and_requests_without_personal_urls(console: TestClient) -> None:
    console.post("/his/yunan/fhir/Patient/_search", data={"identifier": "urn:oid:2.16.156.10011.1.3|33"})

    requests = console.get("/console/requests", params={"party": "his"}).json()["requests"]
    assert [(r["method"], r["target"], r["status"]) for r in requests] == [
        ("POST", "/his/yunan/fhir/Patient/_search", 401)
    ]
    page = console.get("/console/").text
    assert "周晓岚" in page
    assert "ignored_parameter" in page


def test_people_are_invented(console: TestClient) -> None:
    """All resident IDs lie in a division that was never assigned; all phones are 1380000…"""
    for person in console.get("/his/samples").json()["samples"]:
        assert person["phone"].startswith("1380000")
        assert person["document"] != "resident_id" or person["number"].startswith("330098")
