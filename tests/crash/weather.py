"""What the outside does meanwhile: answers lost, cut, late or 500; callbacks twice, reordered or never."""

import asyncio
from typing import Any

from tests.crash.town import Town

_PROVIDER: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"mode": "mixed", "share": 0.15, "seconds": 0.5},
    {"mode": "mixed", "share": 0.3, "seconds": 0.2},
    {"mode": "lost_answer", "times": 1},
    {"mode": "error_500", "times": 2},
    {"mode": "slow", "seconds": 0.5, "times": 4},
)
_INSURER: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"mode": "lost_answer", "times": 1},
    {"mode": "error_500", "times": 1},
    {"mode": "slow", "seconds": 0.4, "times": 2},
)
_COURIER: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    None,
    {"mode": "lost_answer", "times": 1},
    {"mode": "error_500", "times": 1},
    {"mode": "down", "times": 2},
    {"mode": "slow", "seconds": 0.4, "times": 2},
)
#: The hospital's own system, which is told of the bills that were paid here.
_HOSPITAL: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"mode": "lost_answer", "times": 1},
    {"mode": "down", "times": 4},
    {"mode": "slow", "seconds": 0.4, "times": 3},
    {"mode": "throttled", "retry_after_s": 1, "times": 1},
)
_CALLBACKS = ("normal", "normal", "twice", "reordered", "probe", "forged", "stale")


async def change(town: Town, *, by_callback: bool) -> str:
    """Draw new weather, and say which. With `by_callback` no callback is lost for good."""
    provider, insurer, courier, hospital = (
        town.chance.choice(each) for each in (_PROVIDER, _INSURER, _COURIER, _HOSPITAL)
    )
    mode = town.chance.choice(_CALLBACKS if by_callback else (*_CALLBACKS, "lost"))
    await _set(town, mode, wechatpay=provider, nhsa=insurer, sf=courier, his=hospital)
    faults = (("provider", provider), ("insurer", insurer), ("courier", courier), ("hospital", hospital))
    said = [f"callbacks {mode}", *(f"{name} {fault['mode']}" for name, fault in faults if fault)]
    town.weather.update(said)
    return ", ".join(said)


async def clear(town: Town) -> None:
    await _set(town, "normal", wechatpay=None, nhsa=None, sf=None, his=None)


async def _set(town: Town, callbacks: str, **parties: dict[str, Any] | None) -> None:
    await asyncio.to_thread(lambda: town.sandbox.faults(**parties))
    seconds = {"seconds": 1} if callbacks == "reordered" else {}
    await asyncio.to_thread(lambda: town.sandbox.payment_notices(callbacks, **seconds))
