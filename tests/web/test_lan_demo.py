"""A phone in the same network: the certificate is for the addresses it types, and the pages answer."""

import asyncio
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import uvicorn
import websockets
from cryptography import x509
from websockets.typing import Origin

import app
from telehealth.core.clock import FixedClock, SystemClock
from telehealth.core.processes import CannotStart, die_with_parent
from telehealth.core.settings import Settings
from telehealth.demo import lan
from telehealth.demo.lan import Certificate, certificate_for, lan_addresses, qr_code
from telehealth.web.application import build
from tests.support.waiting import eventually

HOME_NETWORK = ["192.168.1.20", "10.8.0.3"]


def names(held: Certificate) -> set[str]:
    known = x509.load_pem_x509_certificate(held.certificate.read_bytes())
    found = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name) for name in found.get_values_for_type(x509.IPAddress)}


def test_a_certificate_names_every_address_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    held = certificate_for(tmp_path / "tls", HOME_NETWORK)
    assert names(held) == {*HOME_NETWORK, "127.0.0.1"}
    assert stat.S_IMODE(held.key.stat().st_mode) == 0o600
    known = x509.load_pem_x509_certificate(held.certificate.read_bytes())
    assert known.not_valid_after_utc - known.not_valid_before_utc <= timedelta(days=397)


def test_it_is_kept_as_long_as_the_addresses_are_the_same(tmp_path: Path) -> None:
    first = certificate_for(tmp_path, HOME_NETWORK).certificate.read_bytes()
    assert certificate_for(tmp_path, HOME_NETWORK[::-1]).certificate.read_bytes() == first
    elsewhere = certificate_for(tmp_path, ["192.168.7.4"])
    assert elsewhere.certificate.read_bytes() != first and names(elsewhere) == {"192.168.7.4", "127.0.0.1"}


def test_one_that_is_nearly_over_or_broken_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    year_ago = FixedClock(SystemClock().wall() - timedelta(days=392))
    monkeypatch.setattr(lan, "SystemClock", lambda: year_ago)
    old = certificate_for(tmp_path, HOME_NETWORK).certificate.read_bytes()
    monkeypatch.undo()
    new = certificate_for(tmp_path, HOME_NETWORK)
    assert new.certificate.read_bytes() != old
    new.key.write_text("half a key")
    assert certificate_for(tmp_path, HOME_NETWORK).key.read_text() != "half a key"


def test_a_machine_without_a_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan.ifaddr, "get_adapters", list)
    with pytest.raises(CannotStart, match="no address"):
        lan_addresses()


def test_the_address_is_shown_for_a_phone_to_scan() -> None:
    assert "▄" in qr_code("https://192.168.1.20:8000/demo")


@pytest.fixture
async def door(
    settings: Settings, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """The pages by TLS as `demo --lan` serves them, and what a phone that accepted the certificate trusts."""
    held = certificate_for(tmp_path / "tls", ["127.0.0.1"])
    outside, inside = free_ports(2)
    url = f"https://127.0.0.1:{outside}"
    house = app.build_house(settings.model_copy(update={"public_url": url}), clock=clock)
    server = uvicorn.Server(
        uvicorn.Config(build(house), port=inside, log_config=None, ws="websockets-sansio")
    )  # fmt: skip
    serving = asyncio.create_task(server.serve())
    front = open_door(held, f"127.0.0.1:{outside}={inside}")
    try:
        await asyncio.to_thread(eventually, lambda: server.started and answers(outside))
        yield url, ssl.create_default_context(cafile=str(held.certificate))
    finally:
        front.terminate()
        server.should_exit = True
        await serving
        assert await asyncio.to_thread(front.wait, 10) == 0


async def test_a_phone_that_accepts_the_certificate_sees_the_pages(
    door: tuple[str, ssl.SSLContext],
) -> None:
    url, trusted = door
    async with httpx2.AsyncClient(verify=trusted, base_url=url) as phone:
        assert (await phone.get("/health/ready")).json() == {"status": "ok"}
        page = await phone.get("/sign-in")
        chosen = await phone.post("/preferences", data={"lang": "en", "next": "/"}, headers={"origin": url})
    assert page.status_code == 200 and "camera=(self)" in page.headers["permissions-policy"]
    assert "; Secure" in chosen.headers["set-cookie"]
    assert len(page.content) > 1000


async def test_a_phone_that_does_not_is_told_by_its_browser(door: tuple[str, ssl.SSLContext]) -> None:
    async with httpx2.AsyncClient(base_url=door[0]) as phone:
        with pytest.raises(httpx2.ConnectError):
            await phone.get("/health/live")


async def test_a_web_socket_passes_the_door(door: tuple[str, ssl.SSLContext]) -> None:
    url, trusted = door
    room = f"{url.replace('https', 'wss')}/rooms/01940000-0000-7000-8000-000000000001/socket"
    async with websockets.connect(room, ssl=trusted, origin=Origin(url)) as ours:
        await ours.ping()
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(room, ssl=trusted, origin=Origin("https://elsewhere.example")):
            pass
    assert refused.value.response.status_code == 403


def open_door(held: Certificate, door: str) -> subprocess.Popen[bytes]:
    files = ["--certificate", held.certificate, "--key", held.key]
    command = [sys.executable, "-m", "telehealth.demo.front", *files, "--tls", door]
    return subprocess.Popen(command, preexec_fn=die_with_parent(signal.SIGKILL))


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
