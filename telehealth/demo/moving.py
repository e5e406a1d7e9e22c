"""The business clock of the whole demo: ours, and the sandboxes'."""

from datetime import timedelta

import anyio
import httpx2
import structlog

from telehealth.core.clock import SHANGHAI
from telehealth.core.offset import follow_offset, move_clock
from telehealth.directory import hospitals
from telehealth.web.house import House

log = structlog.get_logger(__name__)

SANDBOX_WITHIN_S = 30
#: Between these hours there are clinics left today, with somebody in them.
_BY_DAY = range(8, 18)
_AFTER_DARK, _BEFORE_DAWN = timedelta(hours=14), timedelta(hours=8)


async def move_house(house: House, offset: timedelta) -> bool:
    """Whether the sandboxes took it over: if not, nothing moved."""
    if not await _tell_sandboxes(house.settings.sandbox_url, offset):
        return False
    async with house.units.system("demo") as unit:
        await move_clock(unit, offset, is_demo=house.settings.is_demo)
    await follow_offset(house.units)
    return True


async def open_by_day(house: House) -> None:
    """Whoever opens the demo at night for the first time finds a day on which the hospital is at work.

    Whole hours, so that minutes stay those of the wall; the banner says that the time was moved.
    """
    hour = house.units.clock.business().astimezone(SHANGHAI).hour
    async with house.units.system("demo") as unit:
        is_first = not await hospitals(unit)
    if not is_first or hour in _BY_DAY:
        return
    ahead = _BEFORE_DAWN if hour < _BY_DAY.start else _AFTER_DARK
    if not (await sandbox_answers(house.settings.sandbox_url) and await move_house(house, ahead)):
        log.warning("demo.opened_at_night")


async def sandbox_answers(sandbox: str) -> bool:
    with anyio.move_on_after(SANDBOX_WITHIN_S):
        async with httpx2.AsyncClient(timeout=2) as http:
            while True:
                try:
                    if (await http.get(f"{sandbox}/console/state")).status_code == 200:
                        return True
                except httpx2.HTTPError:
                    pass
                await anyio.sleep(0.2)
    return False


async def _tell_sandboxes(sandbox: str, offset: timedelta) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=5) as http:
            answer = await http.put(f"{sandbox}/console/clock", json={"offset_s": offset.total_seconds()})
            answer.raise_for_status()
            return True
    except httpx2.HTTPError:
        log.warning("demo.sandbox_silent")
        return False
