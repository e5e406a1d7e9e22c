"""The composition root: which features there are, which adapter fills which port, how to run.

Nothing worth checking lives here; import contracts cannot see a lone module.
"""

import asyncio
import importlib
import sys
from pathlib import Path

import click
import sqlalchemy as sa
from starlette.applications import Starlette

from telehealth.core import log, schema, seal
from telehealth.core.clock import Clock, SystemClock
from telehealth.core.db import Base, build_engine
from telehealth.core.deadlines import Sweeper
from telehealth.core.events import Events
from telehealth.core.feature import Feature
from telehealth.core.jobs import Jobs
from telehealth.core.limits import Limiter
from telehealth.core.settings import Settings
from telehealth.core.tickets import Tickets
from telehealth.core.unit import Units
from telehealth.web.application import build, join_contributions, working
from telehealth.web.house import House

NAMES = (
    "accounts", "notifications", "directory", "rulebook", "hospital", "patients", "strikes",
    "schedule", "eligibility", "intake", "bookings", "admin",
)  # fmt: skip
FEATURES: tuple[Feature, ...] = tuple(
    importlib.import_module(f"telehealth.{name}.feature").feature
    for name in NAMES
    if importlib.util.find_spec(f"telehealth.{name}.feature")
)
METADATA: sa.MetaData = Base.metadata


def build_house(settings: Settings, *, clock: Clock | None = None) -> House:
    keys = seal.Keys.from_file(settings.keys_path)
    seal.use_ring(keys.ring)
    url = settings.database_url.get_secret_value()
    jobs = Jobs(url, heartbeat_s=settings.heartbeat_s, stalled_after_s=settings.stalled_after_s)
    events = Events()
    clock = clock or SystemClock()
    units = Units(build_engine(url, pool_size=settings.pool_size), clock, jobs, events=events)
    for feature in FEATURES:
        for event, handler in feature.subscriptions:
            events.subscribe(event, handler)
        for task in feature.tasks:
            jobs.register(task, units)
    return House(
        settings=settings,
        features=FEATURES,
        units=units,
        jobs=jobs,
        sweeper=Sweeper(units, [kind for feature in FEATURES for kind in feature.deadlines]),
        limiter=Limiter(settings.limits_url),
        tickets=Tickets(keys.secret("tickets"), clock),
        blobs=None,
        contributions=join_contributions(FEATURES),
    )
