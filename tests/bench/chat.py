"""The talk in the rooms of one node: how soon it arrives, how much of it, and what silence costs."""

import asyncio
import contextlib
import statistics
import time
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import psutil
import uvloop

import app
from signaling.client import Socket, connect
from signaling.protocol import HEARTBEAT_S
from telehealth.consultations.gate import PURPOSE
from telehealth.consultations.writing import sealed_text
from telehealth.core.access import Actor
from telehealth.core.clock import SystemClock
from telehealth.core.ids import new_id
from telehealth.core.rooms import RoomChannel
from telehealth.core.tickets import Tickets
from telehealth.web.house import House
from tests.bench.figures import Figure, Figures, Round, ratio
from tests.bench.pgbench import run_script
from tests.bench.rooms import FIRST_ROOM, Talk, open_talks
from tests.bench.server import Database, durable_database
from tests.bench.service import CONCURRENT, ROUND_S, ROUNDS, keep_doing, settings_of
from tests.bench.web import Web, open_web

ROOMS = 1_000
#: In which people write.
TALKING = 500
TALK_S = 20.0
#: Until the first messages of all are out and statements prepared.
WARM_S = 3.0
#: Sockets that are opened side by side.
AT_ONCE = 16
IDLE = 2_000
TEXT = "样例：今天血压一百三十八，早上有点头晕，药都按时吃了。"


def measure() -> Figures:
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        talks = runner.run(open_talks(settings_of(database), count=ROOMS))
        house = app.build_house(settings_of(database))
        try:
            yield _throughput(database, house, talks, runner)
            with open_web(database) as web:
                yield runner.run(_latency(house, web, talks[:TALKING]))
            with open_web(database) as web:
                yield runner.run(_idle(house, web, talks))
        finally:
            runner.run(house.close())


def _throughput(database: Database, house: House, talks: list[Talk], runner: asyncio.Runner) -> Figure:
    """Ours goes into the first half of the rooms, pgbench's rows into the other."""
    channel = house.units.port(RoomChannel)  # type: ignore[type-abstract]
    # Whoever writes next is somebody else; texts of a doctor cost more than those of a patient.
    seats = [talk.patient if number % 2 else talk.doctor for number, talk in enumerate(talks[: ROOMS // 2])]
    turn = count()

    async def say() -> None:
        seat = seats[next(turn) % len(seats)]
        await channel.say(seat, client_id=uuid4(), kind="text", text=TEXT, file=None)

    script = database.home / "say.sql"
    script.write_text(_insert(talks[-1]))
    runner.run(keep_doing(say, 1))
    run_script(database, script, {}, 1)
    rounds, cpu_ms = [], []
    for _ in range(ROUNDS):
        theirs = run_script(database, script, {}, ROUND_S)
        before = time.process_time()
        ours = runner.run(keep_doing(say, ROUND_S))
        cpu_ms.append(round(1000 * (time.process_time() - before) / (ours * ROUND_S), 3))
        rounds.append(Round(ours, theirs))
    return ratio("chat_throughput", ">= 0.25", rounds, cpu_ms_per_message=cpu_ms, concurrent=CONCURRENT)


def _insert(talk: Talk) -> str:
    """The same row without any of our code: no number to take, no seat to check, no hint to send."""
    head, tail = str(FIRST_ROOM)[:24], 12
    room = f"cast('{head}' || lpad(to_hex(cast(:n as bigint)), {tail}, '0') as uuid)"
    now = SystemClock().business().isoformat()
    text = sealed_text(TEXT).hex()
    return (
        f"\\set n random({ROOMS // 2}, {ROOMS - 1})\n"
        "\\set seq random(1, 9000000000000000)\n"
        "begin;\n"
        f"select set_config('app.hospital', '{talk.doctor.hospital_id}', true),"
        " set_config('app.account', '', true), set_config('app.system', '', true);\n"
        "insert into room_messages (room, seq, hospital_id, account_id, author_id, role, author_name,"
        " client_id, kind, text, file_id, facts, at, wall_at)"
        f" values ({room}, :seq, '{talk.doctor.hospital_id}', '{talk.doctor.owner_id}',"
        f" '{talk.doctor.actor.account_id}', 'doctor', '样例医生', gen_random_uuid(), 'text',"
        f" '\\x{text}', null, '{{}}', '{now}', '{now}');\n"
        "commit;\n"
    )


async def _latency(house: House, web: Web, talks: list[Talk]) -> Figure:
    """Each room a message a second, by turns; from `say` to the other side's `message`, after the commit."""
    waits: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        opening = time.perf_counter()
        pairs = await _enter_all(house, web, talks, stack)
        began = time.perf_counter()
        before = web.cpu_s()
        async with asyncio.TaskGroup() as group:
            for number, (mine, theirs) in enumerate(pairs):
                group.create_task(_talk(mine, theirs, began + number / len(pairs), waits))
        cpu = web.cpu_s() - before
        seconds = time.perf_counter() - began
    if len(waits) < TALKING * (TALK_S - WARM_S) * 0.9:
        raise RuntimeError(f"only {len(waits)} messages arrived")
    cuts = statistics.quantiles(waits, n=100)
    return Figure(
        "chat_latency",
        round(1000 * cuts[49], 1),
        "ms (p50)",
        "p50 <= 10, p99 <= 100",
        {
            "p99_ms": round(1000 * cuts[98], 1),
            "p90_ms": round(1000 * cuts[89], 1),
            "rooms": len(pairs),
            "messages": len(waits),
            "web_cpu_share": round(cpu / seconds, 2),
            "sockets_opened_per_s": round(2 * len(pairs) / (began - opening)),
        },
    )


async def _talk(patient: Socket, doctor: Socket, begins: float, waits: list[float]) -> None:
    ends = begins + TALK_S
    turn = 0
    while (at := begins + turn) < ends:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        speaker, hearer = (patient, doctor) if turn % 2 else (doctor, patient)
        said = str(uuid4())
        sent = time.perf_counter()
        await speaker.send("say", client_id=said, kind="text", text=TEXT)
        # A message that was refused for want of a connection counts as one that took that long.
        with contextlib.suppress(TimeoutError):
            await hearer.expect("message", client_id=said)
        if turn >= WARM_S:
            waits.append(time.perf_counter() - sent)
        speaker.kept.clear()
        hearer.kept.clear()
        turn += 1


async def _idle(house: House, web: Web, talks: list[Talk]) -> Figure:
    """Memory of the web process with so many sockets open and welcomed, over the same without."""
    process = psutil.Process(web.pid)
    async with contextlib.AsyncExitStack() as stack:
        # What the first few cost once is not the price of one more.
        await _enter_all(house, web, talks[-50:], stack)
        before = process.memory_full_info().uss
        pairs = await _enter_all(house, web, talks[: IDLE // 2], stack)
        await asyncio.sleep(3)
        sockets = 2 * len(pairs)
        cost = (process.memory_full_info().uss - before) / sockets / 1024
        idle_from, cpu = time.perf_counter(), web.cpu_s()
        await asyncio.sleep(16)
        share = (web.cpu_s() - cpu) / (time.perf_counter() - idle_from)
    return Figure(
        "idle_socket",
        round(cost, 1),
        "KiB",
        "<= 40",
        {"sockets": sockets, "web_cpu_share_idle": round(share, 3)},
    )


async def _enter_all(
    house: House, web: Web, talks: list[Talk], stack: contextlib.AsyncExitStack
) -> list[list[Socket]]:
    """Both sides of each room, welcomed; a page's heartbeat goes on for all of them."""
    gate = asyncio.Semaphore(AT_ONCE)
    opened: list[Socket] = []

    async def enter(talk: Talk, actor: Actor, token: str) -> Socket:
        async with gate:
            url = f"ws://127.0.0.1:{web.port}/rooms/{talk.room}/socket"
            headers = {"Authorization": f"Bearer {token}"}
            ticket = _ticket(house, talk.room, actor, talk)
            socket, _ = await stack.enter_async_context(connect(url, ticket, headers=headers))
            await socket.expect("messages")
            opened.append(socket)
            return socket

    beating = asyncio.create_task(_beat(opened))
    stack.callback(beating.cancel)
    entered = [asyncio.gather(*(enter(talk, actor, token) for actor, token in talk.sides)) for talk in talks]
    return [list(pair) for pair in await asyncio.gather(*entered)]


async def _beat(sockets: list[Socket]) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        for socket in tuple(sockets):
            await socket.send("ping", n=0)


def _ticket(house: House, room: UUID, actor: Actor, talk: Talk) -> str:
    """As the API issues it, without a request."""
    role = talk.patient.role if actor is talk.patient.actor else talk.doctor.role
    claims = {"room": str(room), "account": str(actor.account), "role": str(role), "jti": str(new_id())}
    return house.units.port(Tickets).issue(PURPOSE, claims, ttl=timedelta(seconds=60))
