"""The room over HTTP: as pages and apps without a socket use it."""

from typing import Any

import httpx2
import pytest

from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.ids import new_id
from telehealth.core.rooms import RoomGate
from telehealth.core.unit import Units
from telehealth.web.house import House
from tests.support import uploads, voices
from tests.support.factories.accounts import add_patient, bearer, cookie, patient
from tests.support.factories.bookings import add_booker
from tests.support.factories.rooms import Visit, add_room, admit, consent

Client = httpx2.AsyncClient


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


class Caller:
    def __init__(self, client: Client, headers: dict[str, str], room: str) -> None:
        self.client, self.headers, self.room = client, headers, f"/api/v1/rooms/{room}"

    async def get(self, path: str = "", status: int = 200) -> Any:
        answer = await self.client.get(self._at(path), headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        answer = await self.client.post(self._at(path), headers=self.headers, json=body or {})
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def delete(self, path: str) -> int:
        return (await self.client.delete(self._at(path), headers=self.headers)).status_code

    def _at(self, path: str) -> str:
        return path if path.startswith("/api/") else f"{self.room}{path}"


async def caller(client: Client, units: Units, visit: Visit, actor: Actor) -> Caller:
    return Caller(client, await bearer(units, actor), str(visit.room))


@pytest.fixture
async def mine(client: Client, units: Units, visit: Visit) -> Caller:
    return await caller(client, units, visit, visit.patient)


async def test_XY25_the_room_says_position_promise_and_what_comes_next(mine: Caller, visit: Visit) -> None:
    room = await mine.get()
    assert (room["role"], room["state"], room["last"]) == ("patient", "waiting", 0)
    assert room["can"] == {"write": True, "call": False, "record": False}
    view = room["view"]
    assert (view["position"], view["next"]["code"], view["urgent"]) == (1, "prepare", None)
    assert set(view["promise"]) == {"zh", "en"} and "24:00" in view["promise"]["zh"]


async def test_a_ticket_from_the_door_opens_the_gate(mine: Caller, units: Units, visit: Visit) -> None:
    given = await mine.post("/ticket")
    assert given["socket"] == f"/rooms/{visit.room}/socket"
    gate = units.port(RoomGate)  # type: ignore[type-abstract]
    assert (await gate.enter(visit.patient, visit.room, given["ticket"])).room == visit.room


async def test_a_page_without_a_socket_writes_and_reads_on(mine: Caller, visit: Visit) -> None:
    client_id = str(new_id())
    said = await mine.post("/messages", {"client_id": client_id, "kind": "text", "text": "降压药吃完了"})
    again = await mine.post("/messages", {"client_id": client_id, "kind": "text", "text": "降压药吃完了"})
    assert (said["seq"], said["is_new"], again["seq"], again["is_new"]) == (1, True, 1, False)
    page = await mine.get("/messages?since=0")
    assert [item["text"] for item in page["items"]] == ["降压药吃完了"] and page["more"] is False
    assert page["items"][0]["facts"] == {"before_admission": True}
    assert (await mine.get("/messages?since=1"))["items"] == []


async def test_pages_of_messages_are_a_hundred_long(mine: Caller) -> None:
    for number in range(3):
        await mine.post("/messages", {"client_id": str(new_id()), "text": f"{number}"})
    page = await mine.get("/messages?since=1")
    assert [item["seq"] for item in page["items"]] == [2, 3]
    await mine.get("/messages?since=-1", status=422)


async def test_XY04_a_red_flag_is_answered_with_the_card(mine: Caller) -> None:
    said = await mine.post("/messages", {"client_id": str(new_id()), "text": "胸口压榨样疼痛，胸痛出冷汗"})
    assert said["alert"]["kind"] == "red_flag" and said["alert"]["card"]["numbers"] == ["120"]
    card = await mine.post("/worsening")
    assert card["level"] == "emergency" and set(card["sentence"]) == {"zh", "en"}


async def test_what_a_doctor_says_before_admission_is_refused_with_a_reason(
    client: Client, units: Units, visit: Visit
) -> None:
    doctor = await caller(client, units, visit, visit.doctor)
    refused = await doctor.post("/messages", {"client_id": str(new_id()), "text": "您好"}, status=409)
    assert refused["code"] == "not_admitted"
    await admit(units, visit)
    assert (await doctor.post("/messages", {"client_id": str(new_id()), "text": "血压多少"}))["seq"] == 1


@pytest.mark.parametrize(
    ("kind", "content_type", "data"),
    [("photo", "image/jpeg", uploads.photo()), ("voice", "audio/webm", voices.voice("webm"))],
    ids=["photo", "voice"],
)
async def test_XY28_a_file_goes_the_whole_way(
    mine: Caller, client: Client, kind: str, content_type: str, data: bytes
) -> None:
    offer = await mine.post(
        "/files", {"kind": kind, "filename": "x", "content_type": content_type, "size": len(data)}
    )
    put = await client.request(offer["method"], offer["url"], headers=offer["headers"], content=data)
    assert put.status_code < 300, put.text
    done = await mine.post(offer["finish_url"], status=200)
    assert (done["kind"], done["state"]) == (kind, "ready")
    said = await mine.post("/messages", {"client_id": str(new_id()), "kind": "file", "file": done["id"]})
    assert said["seq"] == 1
    file = (await mine.get("/messages"))["items"][0]["file"]
    assert file["id"] == done["id"] and file["thumbnail"] is (kind == "photo")
    link = await mine.get(f"/api/v1/room-files/{done['id']}/link?thumbnail=true")
    opened = await client.get(link["url"])
    assert opened.status_code == 200
    led = await client.get(f"/api/v1/room-files/{done['id']}", headers=mine.headers)
    assert led.status_code == 307 and led.headers["cache-control"] == "no-store"


async def test_a_file_that_is_not_what_it_says_is_refused(mine: Caller, units: Units) -> None:
    offer = await mine.post("/files", {"kind": "photo", "content_type": "image/jpeg", "size": 60})
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    await store.write(f"incoming/{offer['id']}", uploads.HTML, "image/jpeg")
    refused = await mine.post(offer["finish_url"], status=422)
    assert refused["code"] == "upload_unreadable"


async def test_REG50_consent_of_both_opens_the_call(
    mine: Caller, client: Client, units: Units, visit: Visit
) -> None:
    await admit(units, visit)
    doctor = await caller(client, units, visit, visit.doctor)
    asked = await mine.post("/recording-consent", {"agreed": True}, status=200)
    assert (asked["refusal"], asked["can"]["call"]) == ("asked", False)
    agreed = await doctor.post("/recording-consent", {"agreed": True}, status=200)
    assert agreed["can"] == {"write": True, "call": True, "record": True}


async def test_XY25_a_helper_comes_by_link_and_leaves(
    mine: Caller, client: Client, units: Units, visit: Visit
) -> None:
    made = await mine.post("/helpers", {"name": "女儿"})
    token = made["link"].rpartition("/")[2]
    daughter = await caller(client, units, visit, patient(await add_patient(units, "13700007777")))
    joined = await daughter.post(f"/api/v1/helper-invitations/{token}/acceptance")
    assert joined == {"room": str(visit.room), "href": f"/rooms/{visit.room}"}
    assert [one["state"] for one in (await mine.get())["helpers"]] == ["taken"]
    assert (await daughter.get())["role"] == "helper"
    assert await daughter.delete(f"/helpers/{made['id']}") == 204
    await daughter.get(status=404)
    full = await mine.post("/helpers", {"name": "儿子"})
    assert full["link"].startswith("/help-seat/")
    refused = await mine.post("/helpers", {"name": "孙子"}, status=409)
    assert refused["code"] == "helpers_full"


async def test_a_device_check_is_noted_as_the_page_sends_it(mine: Caller) -> None:
    body = {"camera": "good", "microphone": "denied", "relay": True, "relay_ms": 41, "in_app": False}
    await mine.post("/device-checks", body, status=204)


async def test_the_patient_reads_who_looked(mine: Caller, client: Client, units: Units, visit: Visit) -> None:
    assert await mine.get("/views") == []
    doctor = await caller(client, units, visit, visit.doctor)
    await doctor.get("/views", status=403)


async def test_for_a_stranger_there_is_no_room(client: Client, units: Units, visit: Visit) -> None:
    other = await caller(client, units, visit, (await add_booker(units, visit.house, "13811112222")).actor)
    for path in ("", "/messages", "/views"):
        assert (await other.get(path, status=404))["code"] == "room_not_found"
    assert (await other.post("/ticket", status=404))["code"] == "room_not_found"


async def test_the_house_forgets_nobodys_room(house: House, mine: Caller) -> None:
    assert (await mine.get(f"/api/v1/rooms/{new_id()}", status=404))["code"] == "room_not_found"


async def test_home_and_booking_lead_into_the_room(
    client: Client, units: Units, visit: Visit, mine: Caller
) -> None:
    headers = await cookie(units, visit.patient)
    for path in ("/", f"/bookings/{visit.room}"):
        page = await client.get(path, headers=headers, follow_redirects=True)
        assert page.status_code == 200 and f'href="/rooms/{visit.room}"' in page.text, path
    async with units.system("test") as unit:
        await (await unit.connection()).execute("update consultations set state = 'concluded'")
    page = await client.get(f"/bookings/{visit.room}", headers=headers)
    assert f'href="/rooms/{visit.room}/record"' in page.text


@pytest.mark.parametrize("by_page", [True, False])
async def test_REG56_recording_withdrawn_in_mid_visit_ends_the_calls_and_not_the_visit(
    client: Client, units: Units, visit: Visit, mine: Caller, by_page: bool
) -> None:
    await admit(units, visit)
    await consent(units, visit)
    assert (await mine.get())["can"] == {"write": True, "call": True, "record": True}
    path = f"/consents/recording/{visit.room}/withdrawal"
    for _ in range(2):
        if by_page:
            assert (await client.post(path, headers=await cookie(units, visit.patient))).status_code == 303
        else:
            await mine.post(f"/api/v1{path}", status=204)
    assert (await mine.get())["can"] == {"write": True, "call": False, "record": False}
    await mine.post("/messages", {"client_id": str(new_id()), "kind": "text", "text": "改成文字吧"})
    page = await client.get(f"/rooms/{visit.room}", headers=await cookie(units, visit.patient))
    assert page.status_code == 200 and "改成文字吧" in page.text
