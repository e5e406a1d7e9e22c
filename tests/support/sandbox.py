"""The outside world for tests: the real sandbox process on a free port, with its own books."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
import pytest

START_WITHIN_S = 90


@dataclass
class Sandbox:
    """A running sandbox. `faults` works as a statement, and as `with` to clear again."""

    home: Path
    announced: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return str(self.announced["base_url"])

    @property
    def credentials(self) -> dict[str, Any]:
        """What it printed when ready: `his`, `sms`, `faceid`, each with addresses and keys."""
        return self.announced

    def start(self, *arguments: str) -> "Sandbox":
        command = [sys.executable, "-m", "telehealth.sandbox", "--home", str(self.home), "--die-with-parent"]
        self.process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE)
        self.announced = json.loads(_first_line(self.process))
        return self

    def stop(self) -> int:
        """An orderly stop; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._gone()

    def kill(self) -> None:
        """`kill -9`: what was answered must still be in the books."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def _gone(self) -> int:
        assert self.process is not None
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        return code

    def faults(self, **parties: dict[str, Any] | None) -> "Faulty":
        """`faults(his={"mode": "down"}, sms={"mode": "lost_answer", "times": 1})`."""
        self._console("PUT", "/console/faults", parties)
        return Faulty(self)

    def clear(self) -> None:
        self._console("DELETE", "/console/faults")

    def clock(self, offset_s: float) -> None:
        """Put the sandbox's business clock `offset_s` seconds ahead of the wall."""
        self._console("PUT", "/console/clock", {"offset_s": offset_s})

    def offset_s(self) -> float:
        """How far its business clock is ahead of the wall."""
        return float(self._ask("/console/state")["clock"]["offset_s"])

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """Text messages to `phone`, newest first: `text`, `params`, `template_id` …"""
        found: list[dict[str, Any]] = self._ask("/sms/messages", phone=phone)["messages"]
        return found

    def till(self, button: str, **asked: Any) -> httpx2.Response:
        """Press a button of the payment till: `till("pay", out_trade_no=…)`."""
        return httpx2.post(f"{self.base_url}/wechatpay/till/{button}", json=asked)

    def payment_settings(self, **wanted: Any) -> None:
        """`refund_settles_after_s`, `bills_at_once`."""
        self._console("PUT", "/wechatpay/till/settings", wanted)

    def payment_notices(self, mode: str, **settings: Any) -> None:
        """How callbacks go out from now on: `normal`, `lost`, `twice`, `reordered`, `late`, `probe` …"""
        self._console("PUT", "/wechatpay/till/notices", {"mode": mode, **settings})

    def sent_notices(self) -> list[dict[str, Any]]:
        """Every payment callback, newest first, with the answers it got."""
        found: list[dict[str, Any]] = self._ask("/wechatpay/till/notices")["notices"]
        return found

    def payment_books(self, mchid: str) -> dict[str, list[dict[str, Any]]]:
        """`orders`, `refunds`, `medins` as the provider has them, in fen, oldest first."""
        books: dict[str, list[dict[str, Any]]] = self._ask("/wechatpay/till/books", mchid=mchid)
        return books

    def samples(self) -> dict[str, dict[str, Any]]:
        """The sample persons by id: `number`, `card`, `name`, `birth_date` …"""
        return {person["id"]: person for person in self._ask("/his/samples")["samples"]}

    def requests(self, party: str) -> list[dict[str, Any]]:
        """What reached `party` lately, oldest first: `method`, `target`, `status`."""
        found: list[dict[str, Any]] = self._ask("/console/requests", party=party)["requests"]
        return found

    def forget_requests(self) -> None:
        self._console("DELETE", "/console/requests")

    def register_person(self, *, id_card: str, name: str, phone: str = "") -> None:
        """Make the population register of FaceID know a person."""
        self._console("PUT", "/faceid/people", {"id_card": id_card, "name": name, "phone": phone})

    def put_insured(self, certno: str, **record: Any) -> dict[str, Any]:
        """Make the insurer know a person: `name`, `region`, `balance` (fen) …; see `PUT /nhsa/people`."""
        answer = httpx2.put(f"{self.base_url}/nhsa/people/{certno}", json=record)
        answer.raise_for_status()
        held: dict[str, Any] = answer.json()
        return held

    def authorise_insurance(self, certno: str, hospital: str = "yunan") -> str:
        """A fresh `payAuthNo`, as if the person had agreed on the insurer's page."""
        code = self.credentials["nhsa"]["institutions"][hospital]["fixmedins_code"]
        path = f"/nhsa/people/{certno}/authorisation"
        answer = httpx2.post(self.base_url + path, params={"institution": code})
        answer.raise_for_status()
        return str(answer.json()["payAuthNo"])

    def insurance_books(self) -> dict[str, Any]:
        """`orders` by payOrdId and `accounts` by resident ID, all in fen."""
        books: dict[str, Any] = self._ask("/nhsa/books")
        return books

    def settle_insurance(self, pay_order: str) -> None:
        """What the payment side does once a priced order was collected."""
        self._console("POST", f"/nhsa/orders/{pay_order}/settlement")

    def js_code(self, person: int, **asked: Any) -> dict[str, Any]:
        """`code`, `openid`, `unionid` of a WeChat user who just opened the mini-program."""
        return self._hand_out(person, "js-code", asked)

    def oauth_code(self, person: int, **asked: Any) -> dict[str, Any]:
        """The same for a page of the service account; `scope` is snsapi_base unless asked otherwise."""
        return self._hand_out(person, "oauth-code", asked)

    def _hand_out(self, person: int, what: str, asked: dict[str, Any]) -> dict[str, Any]:
        answer = httpx2.post(f"{self.base_url}/wechat/people/{person}/{what}", json=asked)
        answer.raise_for_status()
        given: dict[str, Any] = answer.json()
        return given

    def checks_page(self, *, url: str, appId: str, timestamp: str, nonceStr: str, signature: str) -> bool:
        """Whether WeChat itself would let `wx.config` pass with this signature."""
        asked = {
            "appId": appId, "timestamp": timestamp, "nonceStr": nonceStr, "signature": signature, "url": url,
        }  # fmt: skip
        answer = httpx2.post(f"{self.base_url}/wechat/jssdk", json=asked)
        return bool(answer.json().get("errMsg") == "config:ok")

    def wechat_messages(self, person: int) -> list[dict[str, Any]]:
        """Messages WeChat delivered to a user, newest first."""
        found: list[dict[str, Any]] = self._ask("/wechat/messages", person=str(person))["messages"]
        return found

    def put_resource(self, hospital: str, resource: dict[str, Any]) -> dict[str, Any]:
        """Write a FHIR resource into the HIS of `hospital`, through its own door."""
        his = self.credentials["his"]["hospitals"][hospital]
        answer = httpx2.put(
            f"{his['base_url']}/{resource['resourceType']}/{resource['id']}",
            json=resource,
            headers={"Authorization": f"Bearer {his['token']}"},
        )
        answer.raise_for_status()
        written: dict[str, Any] = answer.json()
        return written

    def _ask(self, path: str, **query: str) -> Any:
        answer = httpx2.get(self.base_url + path, params=query)
        answer.raise_for_status()
        return answer.json()

    def _console(self, method: str, path: str, body: Any = None) -> None:
        httpx2.request(method, self.base_url + path, json=body).raise_for_status()


@dataclass
class Faulty:
    sandbox: Sandbox

    def __enter__(self) -> Sandbox:
        return self.sandbox

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.sandbox.clear()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_WITHIN_S)
    line = process.stdout.readline() if ready else b""
    if not line:
        process.kill()
        raise RuntimeError(f"the sandbox did not start: exit code {process.wait()}")
    return line


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for the whole run; tests clear the faults they set."""
    running = Sandbox(tmp_path_factory.mktemp("sandbox") / f"home-{os.getpid()}").start()
    yield running
    running.stop()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of this test's own, to stop, kill and start again."""
    running = Sandbox(tmp_path / "home").start()
    yield running
    if running.process is not None:
        running.stop()
