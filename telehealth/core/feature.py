"""What a feature offers to the house. `app.py` lists them; nobody else imports them all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telehealth.core.deadlines import DeadlineKind
from telehealth.core.events import Event, Handler
from telehealth.core.jobs import Task
from telehealth.core.unit import Units


@dataclass(frozen=True, slots=True)
class RailLink:
    """One entry of the staff console's rail, shown to those with the permission."""

    href: str
    icon: str
    label: str
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class Periodic:
    """Housekeeping that runs every `every_s` wall seconds in each worker; must tolerate company."""

    name: str
    every_s: float
    run: Callable[[Units], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Feature:
    """`api` routes are mounted under /api/v1, `pages` at the root.

    `templates` is the feature's package name when it brings a `templates/` folder.
    `contributions` fill named places of shared views ("patient_home", "worklist", …) with
    callables those views know how to call, so that a page below renders what features above add.
    """

    name: str
    api: tuple[Any, ...] = ()
    pages: tuple[Any, ...] = ()
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[DeadlineKind, ...] = ()
    periodic: tuple[Periodic, ...] = ()
    subscriptions: tuple[tuple[type[Event], Handler], ...] = ()
    templates: str = ""
    rail: tuple[RailLink, ...] = ()
    contributions: tuple[tuple[str, Any], ...] = ()
