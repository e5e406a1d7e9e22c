"""The sandbox couriers and our adapters at them: settings, sample parcels, and the couriers' own desk."""

import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from pydantic import SecretStr

from prescriptions.couriers import Couriers, Party, Place, Push, PushInvalid, Shipment
from telehealth.core.clock import Clock, SystemClock
from telehealth.core.settings import SF, Kuaidi100
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

_numbers = itertools.count(1)

PHARMACY = Party("样例药房", "01000000001", "北京市", "北京市", "样例区", "样例路 1 号")
PATIENT = Party("样例甲", "13800000007", "浙江省", "杭州市", "样例区", "样例街 2 号 3 室")
NEXT_DOOR = Place("北京市", "北京市", "样例区", "样例路 9 号")
ISLAND = Place("浙江省", "舟山市", "样例岛县", "码头 1 号")


def sf_settings(sandbox: Sandbox, code: str = "yunan", **changed: Any) -> SF:
    keys = sandbox.credentials["sf"]["hospitals"][code]
    said = {
        "base_url": sandbox.credentials["sf"]["base_url"],
        "partner_id": keys["partner_id"],
        "checkword": SecretStr(keys["checkword"]),
        "push_token": SecretStr(keys["push_token"]),
        "timeout_s": 2.0,
    }
    return SF(**{**said, **changed})


def kuaidi100_settings(sandbox: Sandbox, code: str = "yunan", **changed: Any) -> Kuaidi100:
    party = sandbox.credentials["kuaidi100"]
    keys = party["hospitals"][code]
    said = {
        "query_url": party["query_url"],
        "subscribe_url": party["subscribe_url"],
        "customer": keys["customer"],
        "key": SecretStr(keys["key"]),
        "salt": SecretStr(keys["salt"]),
        "push_token": SecretStr(keys["push_token"]),
        "timeout_s": 2.0,
    }
    return Kuaidi100(**{**said, **changed})


def couriers(
    sandbox: Sandbox, *, clock: Clock | None = None, public_url: str = "http://127.0.0.1:9", **changed: Any
) -> Couriers:
    """Of the sample hospital `yunan`. `changed` are settings of both accounts that have them."""
    sf = {name: value for name, value in changed.items() if name in SF.model_fields}
    kuaidi100 = {name: value for name, value in changed.items() if name in Kuaidi100.model_fields}
    return Couriers(
        {"yunan": sf_settings(sandbox, **sf)},
        {"yunan": kuaidi100_settings(sandbox, **kuaidi100)},
        public_url=public_url,
        clock=clock or SystemClock(),
    )


def parcel(number: str = "", *, receiver: Party = PATIENT, **changed: Any) -> Shipment:
    """To a sample patient in another province, half a kilogram, unless told otherwise."""
    order = Shipment(number or fresh_number(), sender=PHARMACY, receiver=receiver, weight_g=500)
    return replace(order, **changed)


def to(place: Place) -> Party:
    """The sample patient, living there."""
    return replace(
        PATIENT, province=place.province, city=place.city, county=place.county, address=place.address
    )


def fresh_number(prefix: str = "PX") -> str:
    return f"{prefix}-{next(_numbers):06d}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class CourierDesk:
    """Where couriers press buttons: `CourierDesk(sandbox).move(number, "pick_up")`."""

    sandbox: Sandbox
    party: str = "sf"

    def move(self, number: str, move: str, **asked: Any) -> None:
        """`pick_up`, `in_transit`, `deliver`, `refuse` …; `at`, `place`, `remark`, `push=False`."""
        self._press("POST", f"/parcels/{number}/moves", {"move": move, **asked}).raise_for_status()

    def push(self, number: str, how: str) -> None:
        """`again`, `twice`, `reversed`, `forged`, `garbled`."""
        self._press("POST", f"/parcels/{number}/pushes", {"how": how}).raise_for_status()

    def pushes_go_to(self, url: str, hospital: str = "yunan") -> None:
        """SF's portal: `url` is where the house is, for example `http://127.0.0.1:8000`."""
        token = self.sandbox.credentials["sf"]["hospitals"][hospital]["push_token"]
        full = f"{url}/callbacks/sf/{hospital}/{token}" if url else ""
        self._press("PUT", "/push", {"hospital": hospital, "url": full}).raise_for_status()

    def screen(self, order_no: str, result: int, hospital: str = "yunan") -> None:
        """The clerk decides on a doubtful address: 2 for yes, 3 for no."""
        path = f"/orders/{hospital}/{order_no}/screening"
        self._press("POST", path, {"result": result}).raise_for_status()

    def hand_in(self, company: str, number: str, phone: str = PATIENT.phone) -> None:
        """Kuaidi100: a parcel brought to a counter of `ems`, `jd` …"""
        asked = {"company": company, "number": number, "phone": phone}
        self._press("PUT", "/parcels", asked).raise_for_status()

    def abort(self, number: str) -> None:
        """Kuaidi100 gives up on a parcel."""
        self._press("POST", f"/parcels/{number}/abort", {}).raise_for_status()

    def parcels(self) -> dict[str, dict[str, Any]]:
        """By order number: `number`, `state`, `filter_result`, `body` …"""
        found = self._press("GET", "/books", None).json()["parcels"]
        return {one["order_no"]: one for one in found}

    def pushes(self, number: str) -> list[dict[str, Any]]:
        """What was sent about a parcel, oldest first, with the answers."""
        found = self._press("GET", "/pushes", None).json()["pushes"]
        return [push for push in reversed(found) if push["number"] == number]

    def wait_for_pushes(self, number: str, count: int = 1) -> list[dict[str, Any]]:
        """Once so many pushes about a parcel have been tried."""
        found = list[dict[str, Any]]()

        def have_been_tried() -> bool:
            found[:] = [push for push in self.pushes(number) if push["tries"]]
            return len(found) >= count

        eventually(have_been_tried)
        return found

    def wait_until_taken(self, number: str) -> None:
        """Until the house has taken every push about a parcel."""
        eventually(lambda: all(push["state"] != "waiting" for push in self.pushes(number)))

    def calls(self, *, path: str = "/sf/std/service") -> int:
        """How often the courier was asked lately; see `Sandbox.forget_requests`."""
        return sum(request["target"].startswith(path) for request in self.sandbox.requests(self.party))

    def wait_for_calls(self, count: int, *, path: str = "/sf/std/service") -> None:
        """Until so many have been answered, also those nobody waits for any more."""
        eventually(lambda: self.calls(path=path) >= count)

    def _press(self, method: str, path: str, asked: Any) -> httpx2.Response:
        return httpx2.request(method, f"{self.sandbox.base_url}/{self.party}{path}", json=asked)


@dataclass
class Doorstep:
    """Our side of the pushes: reads each with the adapter it is for, and answers as the house would."""

    couriers: Couriers
    url: str = ""
    #: How many pushes are answered with a 500 first.
    failures: int = 0
    came: list[Push] = field(default_factory=list)
    refused: list[PushInvalid] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> tuple[int, bytes]:
        _, _, party, hospital, token = path.split("/")
        if self.failures:
            self.failures -= 1
            return 500, b""
        reader = self.couriers.pushing(party, hospital)
        try:
            self.came += reader.read_push(body, token=token)
        except PushInvalid as error:
            self.refused.append(error)
            return 422, b""
        return 200, reader.answer()


@contextmanager
def doorstep(couriers: Couriers) -> Iterator[Doorstep]:
    held = Doorstep(couriers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = held.take(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
