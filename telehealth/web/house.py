"""The running house: what `app.py` put together and every request can reach."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from starlette.requests import HTTPConnection

from telehealth.core.access import NOBODY, Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.deadlines import Sweeper
from telehealth.core.feature import Feature
from telehealth.core.jobs import Jobs
from telehealth.core.limits import Limiter
from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.scanning import Scanner
from telehealth.core.settings import Settings
from telehealth.core.tickets import Tickets
from telehealth.core.unit import Units


class Closable(Protocol):
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    features: Sequence[Feature]
    units: Units
    jobs: Jobs
    sweeper: Sweeper
    limiter: Limiter
    tickets: Tickets
    blobs: BlobStore
    quarantine: Quarantine
    scanner: Scanner
    #: Name → the callables that features above contribute to a shared view, in feature order.
    contributions: dict[str, list[Any]] = field(default_factory=dict)
    #: Adapters that hold connections to outside parties.
    outside: Sequence[Closable] = ()

    async def close(self) -> None:
        """Let go of every connection and child process. The worker has stopped before."""
        for adapter in self.outside:
            await adapter.close()
        await self.limiter.close()
        await self.quarantine.aclose()
        await self.blobs.aclose()
        await self.units.engine.dispose()


def house_of(connection: HTTPConnection) -> House:
    return cast(House, connection.app.state.house)


def actor_of(connection: HTTPConnection) -> Actor:
    return cast(Actor, connection.scope.get("actor", NOBODY))
