"""The room's socket: who comes in, what is said, and what happens to those who misbehave."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from websockets.exceptions import InvalidStatus

from signaling import presence
from signaling.client import Gone, Socket, connect, dial
from signaling.models import RoomPeer
from signaling.protocol import MAX_FRAME
from signaling.switchboard import Switchboard
from telehealth.accounts.choosing import sign_out
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.gate import find_seat
from telehealth.consultations.models import Consultation, RoomSeat
from telehealth.consultations.states import ConsultationEvent, SeatState
from telehealth.consultations.writing import announce
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.web.house import House
from telehealth.web.sessions import end_sessions_of
from tests.support.factories.rooms import Visit, add_helper, add_next, add_room
from tests.support.rooms import Door, open_door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:
    async with open_door(house) as opened:
        yield opened


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True, consented=True)


async def say(socket: Socket, text: str, *, client_id: str = "") -> int:
    client_id = client_id or str(uuid4())
    await socket.send("say", client_id=client_id, kind="text", text=text)
    return int((await socket.expect("said", client_id=client_id))["seq"])


async def code_after(door: Door, visit: Visit, *frames: str | bytes) -> int:
    """The close code when the patient says these, right after the upgrade."""
    headers = await door.bearer(visit.patient)
    async with dial(door.socket_url(visit.room), headers=headers) as socket:
        for frame in frames:
            await socket.send_raw(frame)
        return await socket.closed()


async def test_both_sides_are_welcomed_see_each_other_and_what_is_said(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (patient, welcome):
        assert welcome["version"] == 1
        assert welcome["seat"]["role"] == "patient"
        assert welcome["room"]["state"] == "admitted"
        assert welcome["room"]["can"]["write"] is True
        assert welcome["room"]["doctor"]["online"] is False
        assert welcome["heartbeat_s"] == 15

        async with door.enter(visit.doctor, visit.room) as (doctor, _):
            seen = await patient.expect("peers")
            assert sorted(peer["role"] for peer in seen["peers"]) == ["doctor", "patient"]
            assert (await patient.expect("room"))["doctor"]["online"] is True

            seq = await say(patient, "咳嗽好一些了")
            message = await doctor.expect("message", seq=seq)
            assert message["text"] == "咳嗽好一些了"
            assert message["author"]["role"] == "patient"
            await doctor.send("read", seq=seq)
            assert (await patient.expect("reads"))["reads"]["doctor"] == seq

        assert [peer["role"] for peer in (await patient.expect("peers"))["peers"]] == ["patient"]
        assert (await patient.expect("room"))["doctor"]["online"] is False


async def test_a_ping_is_answered_with_both_clocks(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (socket, _):
        await socket.send("ping", n=7)
        assert (await socket.expect("pong"))["n"] == 7


async def test_the_same_words_are_stored_once(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (socket, _):
        again = str(uuid4())
        first = await say(socket, "还需要吃药吗", client_id=again)
        assert await say(socket, "还需要吃药吗", client_id=again) == first
        assert await say(socket, "谢谢") == first + 1
        seen = [frame["seq"] for frame in socket.kept if frame["type"] == "message"]
        assert len(seen) == len(set(seen))


async def test_whoever_comes_back_reads_on_from_their_number(door: Door, visit: Visit) -> None:
    page = uuid4()
    async with door.enter(visit.patient, visit.room, page=page) as (socket, welcome):
        have = welcome["last"] + 2
        for text in ("一", "二"):
            await say(socket, text)
    async with door.enter(visit.doctor, visit.room) as (doctor, _):
        for text in ("三", "四", "五"):
            await say(doctor, text)

        async with door.enter(visit.patient, visit.room, page=page, since=have) as (socket, welcome):
            assert welcome["peer"] == str(page)
            items = (await socket.expect("messages"))["items"]
            assert [item["seq"] for item in items if item["kind"] == "text"] == [have + 1, have + 2, have + 3]
            await say(doctor, "六")
            assert (await socket.expect("message"))["seq"] == have + 4


async def test_a_long_history_comes_in_pages_without_a_gap(door: Door, visit: Visit, units: Units) -> None:
    async with door.enter(visit.doctor, visit.room) as (doctor, _):
        for number in range(15):
            await say(doctor, f"{number}" + "字" * 3_990)
        last = await say(doctor, "完")
    async with door.enter(visit.patient, visit.room) as (socket, _):
        seen: list[int] = []
        while not seen or seen[-1] < last:
            frame = await socket.expect("messages")
            seen += [item["seq"] for item in frame["items"]]
        assert seen == list(range(1, last + 1))
        await socket.send("since", seq=last - 2)
        assert [item["seq"] for item in (await socket.expect("messages"))["items"]] == [last - 1, last]


async def test_a_forged_ticket_and_one_used_before_open_nothing(door: Door, visit: Visit) -> None:
    headers = await door.bearer(visit.patient)
    ticket = await door.ticket(visit.patient, visit.room)
    with pytest.raises(Gone) as forged:
        async with connect(door.socket_url(visit.room), ticket[:-3] + "abc", headers=headers):
            pass
    async with connect(door.socket_url(visit.room), ticket, headers=headers):
        pass
    with pytest.raises(Gone) as used:
        async with connect(door.socket_url(visit.room), ticket, headers=headers):
            pass
    assert (forged.value.code, used.value.code) == (4401, 4401)


async def test_a_ticket_older_than_a_minute_opens_nothing(
    door: Door, visit: Visit, clock: FixedClock
) -> None:
    headers = await door.bearer(visit.patient)
    ticket = await door.ticket(visit.patient, visit.room)
    clock.advance(timedelta(seconds=61))
    with pytest.raises(Gone) as late:
        async with connect(door.socket_url(visit.room), ticket, headers=headers):
            pass
    assert late.value.code == 4401


async def test_a_ticket_is_of_no_use_to_anybody_else(door: Door, visit: Visit, units: Units) -> None:
    other = await add_next(units, visit, 1)
    ticket = await door.ticket(visit.patient, visit.room)
    with pytest.raises(Gone) as stolen:
        async with connect(door.socket_url(visit.room), ticket, headers=await door.bearer(other.patient)):
            pass
    with pytest.raises(Gone) as nobody:
        async with connect(door.socket_url(visit.room), ticket):
            pass
    with pytest.raises(Gone) as elsewhere:
        async with connect(door.socket_url(other.room), ticket, headers=await door.bearer(visit.patient)):
            pass
    assert stolen.value.code == 4403
    assert nobody.value.code == 4401
    assert elsewhere.value.code in (4401, 4403)
    # It was not used up by those who had no right to it.
    async with connect(door.socket_url(visit.room), ticket, headers=await door.bearer(visit.patient)):
        pass


async def test_a_page_of_another_site_is_refused_before_the_upgrade(door: Door, visit: Visit) -> None:
    headers = await door.bearer(visit.patient)
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with dial(door.socket_url(visit.room), headers=headers, origin=origin):
                pass
        assert refused.value.response.status_code == 403
    for origin in ("http://testserver", f"http://{door.host}"):
        async with dial(door.socket_url(visit.room), headers=headers, origin=origin):
            pass


async def test_what_is_not_the_protocol_ends_the_socket(door: Door, visit: Visit) -> None:
    assert await code_after(door, visit, "{") == 4400
    assert await code_after(door, visit, b"\x00\x01") == 4400
    assert await code_after(door, visit, '{"type": "ping", "n": 1}') == 4400
    assert await code_after(door, visit, '{"type": "hello", "ticket": "x", "versions": [9],'
                            f' "page": "{uuid4()}"}}') == 4406  # fmt: skip
    assert await code_after(door, visit, "x" * (MAX_FRAME + 1)) == 1009


async def test_a_bad_message_is_answered_and_the_room_works_on(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (socket, _):
        await socket.send("say", client_id=str(uuid4()), kind="text", text="")
        assert (await socket.expect("error"))["id"] == "bad_message"
        await socket.send("ping", n=1, more=True)
        assert (await socket.expect("error"))["id"] == "bad_message"
        await socket.send("dance")
        assert (await socket.expect("error"))["id"] == "bad_message"
        assert await say(socket, "还在") > 0
        await socket.send("dance")
        await socket.send("dance")
        assert await socket.closed() == 4400


async def test_silence_instead_of_hello_is_ended(
    door: Door, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.session.HELLO_WITHIN_S", 0.05)
    async with dial(door.socket_url(visit.room), headers=await door.bearer(visit.patient)) as socket:
        assert await socket.closed() == 4408


async def test_flooding_stores_nothing_more_and_then_ends(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (socket, _):
        for number in range(300):
            try:
                await socket.send("ping", n=number)
            except Gone:
                break
        assert await socket.closed() == 4429
        errors = [frame for frame in socket.kept if frame["type"] == "error"]
        assert {frame["id"] for frame in errors} == {"too_many"}
        assert all(frame["retry_after_s"] >= 1 for frame in errors)


async def test_the_same_page_opened_again_takes_the_place_of_the_first(door: Door, visit: Visit) -> None:
    page = uuid4()
    async with door.enter(visit.patient, visit.room, page=page) as (first, _):
        async with door.enter(visit.patient, visit.room, page=page) as (second, _):
            assert await first.closed() == 4409
            assert await say(second, "我在这里") > 0


async def test_a_page_id_of_somebody_else_cannot_be_taken(door: Door, visit: Visit) -> None:
    page = uuid4()
    async with door.enter(visit.patient, visit.room, page=page) as (patient, _):
        with pytest.raises(Gone) as refused:
            async with door.enter(visit.doctor, visit.room, page=page):
                pass
        assert refused.value.code == 4403
        assert await say(patient, "还是我") > 0


async def test_two_devices_of_one_person_are_two_peers(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (phone, _):
        async with door.enter(visit.patient, visit.room) as (tablet, welcome):
            assert len(welcome["peers"]) == 2
            seq = await say(phone, "用手机写的")
            assert (await tablet.expect("message"))["seq"] == seq


async def test_a_signal_to_a_call_that_is_none_is_refused(door: Door, visit: Visit) -> None:
    async with door.enter(visit.patient, visit.room) as (socket, _):
        await socket.send("signal", call=uuid4(), to="recorder", body={"bye": True})
        assert (await socket.expect("error"))["id"] == "unknown_call"
        await socket.send(
            "signal", call=uuid4(), to="x", body={"description": {"type": "offer", "sdp": "nonsense"}}
        )
        assert (await socket.expect("error"))["id"] == "bad_description"


async def test_a_node_that_stops_says_so_to_every_socket(house: House, visit: Visit) -> None:
    async with open_door(house) as door:
        stack = [door.enter(actor, visit.room) for actor in (visit.patient, visit.doctor)]
        async with stack[0] as (patient, _), stack[1] as (doctor, _):
            await door.stop()
            assert [await patient.closed(), await doctor.closed()] == [1012, 1012]
            assert patient.kept[-1]["type"] == "bye"


async def test_who_does_not_read_is_let_go_and_the_others_go_on(door: Door, visit: Visit) -> None:
    headers, ticket = await door.bearer(visit.patient), await door.ticket(visit.patient, visit.room)
    async with connect(door.socket_url(visit.room), ticket, headers=headers) as (slow, _):
        slow.connection.transport.pause_reading()
        async with door.enter(visit.doctor, visit.room) as (doctor, _):
            outbox = door.member(visit.room, "patient").outbox
            # Both ends' kernels take megabytes before anything waits with us.
            for _ in range(3_000):
                outbox.put('{"type":"filler","text":"' + "x" * 10_000 + '"}')
                if outbox.is_closing:
                    break
                await asyncio.sleep(0)
            assert outbox.is_closing
            assert await say(doctor, "您还在吗") > 0
        slow.connection.transport.resume_reading()
        assert await slow.closed() == 4413


async def test_a_call_rings_is_taken_and_its_signals_go_to_whom_they_are_for(
    door: Door, visit: Visit
) -> None:
    async with (
        door.enter(visit.patient, visit.room) as (patient, me),
        door.enter(visit.doctor, visit.room) as (doctor, them),
    ):
        await doctor.send("call.start", media="video")
        call = (await patient.expect("call"))["call"]
        assert (call["state"], call["started_by"]["role"]) == ("ringing", "doctor")

        await patient.send("call.accept", call=call["id"], media="video")
        assert (await patient.expect("call"))["call"]["state"] == "active"
        while (active := (await doctor.expect("call"))["call"])["state"] != "active":
            pass
        assert {member["role"] for member in active["members"]} == {"patient", "doctor"}

        body = {"description": {"type": "offer", "sdp": "v=0\r\n"}}
        await doctor.send("signal", call=call["id"], to=me["peer"], body=body)
        signal = await patient.expect("signal")
        assert (signal["from"], signal["body"]) == (them["peer"], body)
        await patient.send("signal", call=call["id"], to=str(uuid4()), body={"bye": True})
        assert (await patient.expect("error"))["id"] == "unknown_peer"

        await patient.send("call.hang_up", call=call["id"])
        while (ended := (await doctor.expect("call"))["call"])["state"] != "ended":
            pass
        assert ended["reason"] == "hung_up"
        await doctor.send("signal", call=call["id"], to=me["peer"], body={"bye": True})
        assert (await doctor.expect("error"))["id"] == "call_over"


async def test_a_page_that_lost_its_socket_gets_the_signals_it_missed(door: Door, visit: Visit) -> None:
    page = uuid4()
    async with door.enter(visit.doctor, visit.room) as (doctor, _):
        async with door.enter(visit.patient, visit.room, page=page) as (patient, _):
            await doctor.send("call.start", media="audio")
            call = (await patient.expect("call"))["call"]
            await patient.send("call.accept", call=call["id"], media="audio")
            while (await doctor.expect("call"))["call"]["state"] != "active":
                pass
        await doctor.expect("peers")
        await doctor.send("signal", call=call["id"], to=str(page), body={"replace": 1})
        await doctor.send("ping", n=1)
        await doctor.expect("pong")
        async with door.enter(visit.patient, visit.room, page=page) as (patient, welcome):
            assert welcome["call"]["state"] == "active"
            missed = await patient.expect("signal")
            assert missed["body"] == {"replace": 1}
        async with door.enter(visit.patient, visit.room, page=page, signals_since=missed["id"]) as (
            patient,
            _,
        ):
            await patient.send("ping", n=1)
            await patient.expect("pong")
            assert not [frame for frame in patient.kept if frame["type"] == "signal"]


async def test_a_third_person_is_let_in_nowhere(door: Door, visit: Visit, units: Units) -> None:
    other = await add_next(units, visit, 2)
    with pytest.raises(RoomNotFound):
        await door.ticket(other.patient, visit.room)


async def test_whoever_loses_the_seat_is_shown_out_at_once(door: Door, visit: Visit, units: Units) -> None:
    helper = await add_helper(units, visit)
    async with (
        door.enter(visit.patient, visit.room) as (patient, _),
        door.enter(helper, visit.room) as (daughter, _),
    ):
        assert await say(daughter, "我在旁边帮忙") > 0
        async with units.system("test") as unit:
            await unit.session.execute(
                sa.update(RoomSeat).where(RoomSeat.room == visit.room).values(state=SeatState.ENDED)
            )
            unit.hint(f"room:{visit.room}")
        assert await daughter.closed() == 4403
        assert await say(patient, "我自己来") > 0


async def test_who_signs_out_is_shown_out_of_the_room_and_other_devices_stay(
    door: Door, visit: Visit, units: Units
) -> None:
    async with (
        door.enter(visit.patient, visit.room) as (phone, _),
        door.enter(visit.patient, visit.room) as (tablet, _),
        door.enter(visit.doctor, visit.room) as (doctor, _),
    ):
        mine, _ = (member.seat.actor.session_id for member in door.members(visit.room, "patient"))
        assert mine is not None
        async with units.system("test") as unit:
            await sign_out(unit, visit.patient, mine)
        assert await asyncio.wait_for(phone.closed(), 2) == 4401
        assert await say(tablet, "我换了平板") > 0

        async with units.system("test") as unit:
            await end_sessions_of(unit, visit.patient.account)
        assert await asyncio.wait_for(tablet.closed(), 2) == 4401
        assert await say(doctor, "我在等您") > 0


async def test_when_the_visit_ends_everybody_reads_so_and_the_sockets_close(
    door: Door, visit: Visit, units: Units
) -> None:
    async with (
        door.enter(visit.patient, visit.room) as (patient, _),
        door.enter(visit.doctor, visit.room) as (doctor, _),
    ):
        last = await say(doctor, "按时吃药，两周后复诊")
        async with units.system("test") as unit:
            row = await unit.session.get(Consultation, visit.room)
            assert row is not None
            row.apply(ConsultationEvent.CONCLUDE, at=unit.now)
            await announce(unit, visit.room, "concluded")
        for socket in (patient, doctor):
            assert await socket.closed() == 4410
            assert [f for f in socket.kept if f["type"] == "room"][-1]["state"] == "concluded"
            assert [f for f in socket.kept if f["type"] == "message"][-1]["seq"] == last + 1

    async with door.enter(visit.patient, visit.room) as (late, welcome):
        assert welcome["room"]["state"] == "concluded"
        assert await late.closed() == 4410
        (page,) = [frame["items"] for frame in late.kept if frame["type"] == "messages"]
        assert page[-1]["seq"] == last + 1


async def test_a_lost_hint_costs_at_most_one_heartbeat(door: Door, visit: Visit, units: Units) -> None:
    board = door.house.units.port(Switchboard)
    async with door.enter(visit.patient, visit.room) as (patient, _):
        bus, units.bus = units.bus, None
        async with units.system("test") as unit:
            await announce(unit, visit.room, "test")
        units.bus = bus
        await patient.send("ping", n=1)
        await patient.expect("pong")
        assert not [frame for frame in patient.kept if frame["type"] == "message"]
        await board.hub.compare()
        assert (await patient.expect("message"))["facts"]["event"] == "test"


async def test_a_page_of_a_node_that_died_is_swept_and_the_others_are_told(
    door: Door, visit: Visit, units: Units
) -> None:
    seat = await find_seat(units, visit.doctor, visit.room)
    await presence.arrive(units, seat, str(uuid4()), "a node that died")
    async with door.enter(visit.patient, visit.room) as (patient, welcome):
        assert sorted(peer["role"] for peer in welcome["peers"]) == ["doctor", "patient"]
        assert await presence.sweep(units) == 0
        async with units.system("test") as unit:
            await unit.session.execute(
                sa.update(RoomPeer)
                .where(RoomPeer.node == "a node that died")
                .values(seen_at=unit.wall - timedelta(seconds=46))
            )
        assert await presence.sweep(units) == 1
        assert [peer["role"] for peer in (await patient.expect("peers"))["peers"]] == ["patient"]
        assert await presence.sweep(units) == 0


async def test_a_socket_that_says_nothing_for_long_is_closed(
    door: Door, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with door.enter(visit.patient, visit.room) as (patient, _):
        door.member(visit.room, "patient").heard_at -= 46
        door.house.units.port(Switchboard)._look_at_sockets()
        assert await patient.closed() == 4408
