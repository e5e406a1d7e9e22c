"""/demo/clock: move the business clock, here and at the sandboxes, and watch what a hospital does by time.

Sessions, codes, signatures and job retries keep wall time.
"""

from datetime import datetime, timedelta

import httpx2
import structlog
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.clock import day_end, hospital_day
from telehealth.core.offset import follow_offset, move_clock
from telehealth.core.unit import Units
from telehealth.demo.jobs import fetch_bills
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import House, house_of
from telehealth.web.pages import own_path, redirect

log = structlog.get_logger(__name__)

_STEPS = {
    "minutes_15": timedelta(minutes=16),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
#: How far ahead: a year of wandering is enough for any rule.
_FARTHEST = timedelta(days=366)


class Move(BaseModel):
    model_config = ConfigDict(extra="ignore")

    to: str = Field(max_length=20)
    next: str = Field("/demo", max_length=200)


@page(public=True)
async def move_clock_page(request: Request, units: Units) -> Response:
    form = await read_form(request, Move)
    if form.model is None:
        return redirect("/demo", flash="请从给出的选项中选择", kind="warn")
    house, back = house_of(request), own_path(form.model.next, "/demo")
    offset = _offset(house, form.model.to)
    if offset is None:
        return redirect(back, flash="不能再往后调了", kind="warn")
    if not await _tell_sandboxes(house.settings.sandbox_url, offset):
        return redirect(back, flash="沙箱没有应答，时间没有调整", kind="warn")
    async with units.system("demo") as unit:
        await move_clock(unit, offset, is_demo=house.settings.is_demo)
    await follow_offset(units)
    house.sweeper.nudge()
    async with units.public() as unit:
        await unit.defer(fetch_bills)
    return redirect(back, flash="演示时间已调整")


def _offset(house: House, to: str) -> timedelta | None:
    clock = house.units.clock
    wall, business = clock.wall(), clock.business()
    if to == "now":
        return timedelta(0)
    target = _before_midnight(business) if to == "midnight" else business + _STEPS.get(to, timedelta(0))
    return target - wall if target - wall <= _FARTHEST else None


def _before_midnight(business: datetime) -> datetime:
    """A few seconds before 24:00, so that one can watch it strike."""
    return max(business, day_end(hospital_day(business)) - timedelta(seconds=5))


async def _tell_sandboxes(sandbox: str, offset: timedelta) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=5) as http:
            answer = await http.put(f"{sandbox}/console/clock", json={"offset_s": offset.total_seconds()})
            answer.raise_for_status()
            return True
    except httpx2.HTTPError:
        log.warning("demo.sandbox_silent")
        return False


routes = [Route("/demo/clock", move_clock_page, methods=["POST"])]
