"""Our credentials at a real coturn: who may relay, to whom, and that a call can live on a relay alone."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from aioice.turn import create_turn_endpoint
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack
from pydantic import SecretStr, ValidationError

from signaling import turn
from signaling.turn import Credential
from telehealth.core.ids import new_id
from telehealth.core.settings import TURN, Profile, Settings
from telehealth.demo import relay
from telehealth.demo.relay import find_relay
from tests.support.coturn import DEPLOYED, NEXT_SECRET, SECRET, Coturn, deployed_rules, running
from tests.support.waiting import eventually

RECORDER = "10.20.0.15"
#: Of nobody who could be asked: permission is given or not before anything is sent.
PUBLIC = "9.9.9.9"


def now() -> datetime:
    return datetime.now(UTC)


def settings(turn: TURN | None) -> Settings:
    return Settings(profile=Profile.TEST, turn=turn)


def signed(secret: str = SECRET, *, at: datetime | None = None) -> Credential:
    return turn.credential(SecretStr(secret), new_id(), at or now(), ttl_s=3600)


async def test_every_url_of_the_relay_grants_what_we_signed(coturn: Coturn) -> None:
    found = await turn.check(settings(coturn.settings(next_secret=NEXT_SECRET)), now())
    assert found == {
        "status": "ok",
        "urls": {coturn.url: "ok", coturn.tcp_url: "ok"},
        "next_secret": "ok",
    }


async def test_a_credential_that_ended_is_refused(coturn: Coturn) -> None:
    assert await turn.allocate(coturn.url, signed(at=now() - timedelta(hours=2))) == "refused 401"


async def test_a_credential_of_another_secret_is_refused(coturn: Coturn) -> None:
    assert await turn.allocate(coturn.url, signed("sandbox-somebody-elses")) == "refused 401"
    found = await turn.check(settings(coturn.settings(next_secret="sandbox-not-there-yet")), now())
    assert (found["status"], found["next_secret"]) == ("ok", "refused 401")


async def test_a_relay_that_is_away_is_found_out(coturn: Coturn) -> None:
    gone = TURN(urls=(coturn.tcp_url, "turn:127.0.0.1:9?transport=tcp"), secret=SecretStr(SECRET))
    found = await turn.check(settings(gone), now())
    assert found["status"] == "failing"
    assert list(found["urls"].values()) == ["ok", "unreachable"]


async def test_two_pages_talk_through_the_relay_alone(coturn: Coturn) -> None:
    servers, _ = turn.ice_servers(settings(coturn.settings()), new_id(), now())
    caller, callee = _relayed(servers), _relayed(servers)
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    callee.on("track", lambda track: _settle(heard, track))
    callee.on("datachannel", lambda channel: channel.on("message", lambda word: _settle(said, word)))
    try:
        caller.addTrack(AudioStreamTrack())
        channel = caller.createDataChannel("chat")
        channel.on("open", lambda: channel.send("您好"))
        await caller.setLocalDescription(await caller.createOffer())
        await callee.setRemoteDescription(caller.localDescription)
        await callee.setLocalDescription(await callee.createAnswer())
        await caller.setRemoteDescription(callee.localDescription)
        for end in (caller, callee):
            assert _kinds(end.localDescription) == {"relay"}
        async with asyncio.timeout(60):
            assert await said == "您好"
            frame = await (await heard).recv()
        assert frame.samples > 0
    finally:
        await asyncio.gather(caller.close(), callee.close())


@pytest.fixture
async def deployed(tmp_path: Path) -> AsyncIterator[Coturn]:
    """Ruled as in production, with one recorder in the hospital's network."""
    with running(tmp_path, *deployed_rules(f"allowed-peer-ip={RECORDER}")) as server:
        yield server


@pytest.mark.parametrize(
    ("peer", "granted"),
    [
        (PUBLIC, True),
        (RECORDER, True),
        ("10.20.0.16", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        # Where clouds keep the keys of their machines.
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
    ],
)
async def test_the_relay_we_deploy_is_no_door_into_the_hospital(
    deployed: Coturn, peer: str, granted: bool
) -> None:
    assert await _may_send_to(deployed, peer) is granted


async def test_the_demo_gives_its_pages_a_relay_that_grants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_relay(tmp_path / "coturn", "127.0.0.1", os.environ)
    assert found is not None
    child = found.child(tmp_path / "log")
    child.start()
    try:
        await asyncio.to_thread(eventually, child.is_ready)
        monkeypatch.setenv("TELEHEALTH_TURN", found.settings()["TELEHEALTH_TURN"])
        assert (await turn.check(Settings(), now()))["status"] == "ok"
    finally:
        child.stop(5)
    file = tmp_path / "coturn" / "coturn.conf"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(ValidationError, match="sandbox configured for turn"):
        Settings(profile=Profile.PRODUCTION)


def test_a_demo_without_coturn_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "PLACES", ())
    assert find_relay(tmp_path, "127.0.0.1", {"PATH": str(tmp_path)}) is None


def test_every_private_range_is_denied_by_the_deployed_file() -> None:
    denied = {line.partition("=")[2] for line in deployed_rules() if line.startswith("denied")}
    assert {
        "10.0.0.0-10.255.255.255", "172.16.0.0-172.31.255.255", "192.168.0.0-192.168.255.255",
        "127.0.0.0-127.255.255.255", "169.254.0.0-169.254.255.255", "100.64.0.0-100.127.255.255",
        "::1", "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    } <= denied  # fmt: skip
    assert "allow-loopback-peers" not in DEPLOYED.read_text("utf-8")


def test_coturn_understands_every_line_of_the_deployed_file(tmp_path: Path) -> None:
    """It skips what it does not know and says so, which nobody reads."""
    program = shutil.which("turnserver")
    assert program is not None
    words = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"--([a-z0-9][a-z0-9_-]*)", words.stdout + words.stderr))
    lines = [line.strip() for line in DEPLOYED.read_text("utf-8").splitlines()]
    used = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert used <= known


async def _may_send_to(server: Coturn, peer: str) -> bool:
    """Whether the relay opens a channel to this peer. What is then sent goes nowhere we look at."""
    given = signed()
    where = ("127.0.0.1", server.port)
    link, _ = await create_turn_endpoint(asyncio.DatagramProtocol, where, given.username, given.password)
    inner: Any = link._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    try:
        await inner.channel_bind(0x4000, (peer, 50000))
        return True
    except stun.TransactionFailed as error:
        assert error.response.error_code == 403
        return False
    finally:
        link.close()


def _relayed(servers: list[dict[str, Any]]) -> RTCPeerConnection:
    given = [RTCIceServer(**server) for server in servers]
    return RTCPeerConnection(
        RTCConfiguration(iceServers=given, iceTransportPolicy=RTCIceTransportPolicy.RELAY)
    )


def _kinds(description: RTCSessionDescription) -> set[str]:
    return set(re.findall(r"a=candidate:.* typ (\w+)", description.sdp))


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)
