"""A bad network between a browser and its relay: a UDP proxy that loses, slows and cuts.

It stands before coturn: the browser is told the shaper's port, and everything it relays passes here.
"""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

Address = tuple[str, int]

#: What waits longer than this at the narrow place is dropped, as a phone's modem would.
LONGEST_QUEUE_S = 0.4


@dataclass
class Weather:
    """What happens to each datagram, in each direction alone. Change it while it runs."""

    #: Share that is lost, 0–1.
    loss: float = 0.0
    #: Bits a second; None: as fast as it comes.
    rate: int | None = None
    is_cut: bool = False
    passed: int = field(default=0, init=False)
    lost: int = field(default=0, init=False)


class _Narrow:
    """One direction: a queue that empties at the weather's rate."""

    def __init__(self, weather: Weather, chance: random.Random) -> None:
        self._weather = weather
        self._chance = chance
        self._free_at = 0.0

    def delay(self, size: int, now: float) -> float | None:
        """Seconds until it comes out; None: never."""
        weather = self._weather
        if weather.is_cut or self._chance.random() < weather.loss:
            weather.lost += 1
            return None
        if weather.rate is None:
            weather.passed += 1
            return 0.0
        begins = max(now, self._free_at)
        if begins - now > LONGEST_QUEUE_S:
            weather.lost += 1
            return None
        self._free_at = begins + size * 8 / weather.rate
        weather.passed += 1
        return self._free_at - now


class _Upstream(asyncio.DatagramProtocol):
    """Our end of one client's way to the relay."""

    def __init__(self, door: "_Door", client: Address) -> None:
        self._door = door
        self._client = client
        self._down = _Narrow(door.weather, door.chance)
        self._up = _Narrow(door.weather, door.chance)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def send(self, data: bytes) -> None:
        self._later(self._up, data, lambda: self.transport and self.transport.sendto(data))

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._later(self._down, data, lambda: self._door.answer(data, self._client))

    def _later(self, narrow: _Narrow, data: bytes, go: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        delay = narrow.delay(len(data), loop.time())
        if delay is not None:
            loop.call_later(delay, go) if delay else go()


class _Door(asyncio.DatagramProtocol):
    def __init__(self, target: Address, weather: Weather, chance: random.Random) -> None:
        self._target = target
        self.weather = weather
        self.chance = chance
        self._ways: dict[Address, _Upstream] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        way = self._ways.get(addr)
        if way is None:
            way = self._ways[addr] = _Upstream(self, addr)
            task = asyncio.get_running_loop().create_task(self._open(way, data))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif way.transport is not None:
            way.send(data)

    def answer(self, data: bytes, client: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(data, client)

    async def _open(self, way: _Upstream, first: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: way, remote_addr=self._target)
        way.send(first)

    def close(self) -> None:
        for way in self._ways.values():
            if way.transport is not None:
                way.transport.close()
        if self._transport is not None:
            self._transport.close()


@contextmanager
def shaped(target: Address, *, seed: int = 1) -> Iterator[tuple[int, Weather]]:
    """The port to send to instead of `target`, and the weather in between. Runs in a thread of its own."""
    weather = Weather()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="shaper", daemon=True)
    thread.start()

    async def open_door() -> tuple[_Door, int]:
        door = _Door(target, weather, random.Random(seed))
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: door, local_addr=("127.0.0.1", 0)
        )
        return door, int(transport.get_extra_info("sockname")[1])

    async def close_door(door: _Door) -> None:
        door.close()
        # Sockets close a turn of the loop later.
        await asyncio.sleep(0.05)

    door, port = asyncio.run_coroutine_threadsafe(open_door(), loop).result(10)
    try:
        yield port, weather
    finally:
        asyncio.run_coroutine_threadsafe(close_door(door), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
