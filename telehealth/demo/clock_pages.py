"""/demo/clock: move the business clock, here and at the sandboxes, and watch what a hospital does by time.

Sessions, codes, signatures and job retries keep wall time.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.clock import day_end, hospital_day
from telehealth.core.unit import Units
from telehealth.demo.jobs import fetch_bills
from telehealth.demo.moving import move_house
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import House, house_of
from telehealth.web.pages import own_path, redirect

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
    if not await move_house(house, offset):
        return redirect(back, flash="沙箱没有应答，时间没有调整", kind="warn")
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


routes = [Route("/demo/clock", move_clock_page, methods=["POST"])]
