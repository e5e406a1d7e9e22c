"""Failures that somebody asked a party to show. They stay until cleared, also over a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from telehealth.sandbox.books import Books

#: Every party can fail like this; what only one party can do is declared beside it.
EVERYWHERE: Mapping[str, str] = {
    "down": "停机：一律 503",
    "timeout": "无应答：挂起 seconds 秒（默认 30）后 504",
    "slow": "变慢：晚 seconds 秒（默认 2）再正常应答",
    "throttled": "限流：429 或其等价错误，retry_after_s 秒后再试（默认 2）",
}


@dataclass(frozen=True, slots=True)
class Fault:
    mode: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        return float(self.settings.get(name, default))


class UnknownFault(ValueError):
    pass


class Faults:
    def __init__(self, books: Books, modes: Mapping[str, Mapping[str, str]]) -> None:
        self._books = books
        self.modes = {party: {**EVERYWHERE, **own} for party, own in modes.items()}

    def set(self, party: str, wanted: Mapping[str, Any]) -> None:
        """Make `party` fail as `wanted["mode"]` says; `times` lets only so many requests meet it.

        Raises:
            UnknownFault: there is no such party, or it has no such mode.
        """
        if party not in self.modes:
            raise UnknownFault(f"no party named {party!r}; there are {', '.join(self.modes)}")
        if wanted.get("mode") not in self.modes[party]:
            raise UnknownFault(f"{party} has the modes {', '.join(self.modes[party])}")
        for name in ("seconds", "times", "retry_after_s"):
            if name in wanted and not isinstance(wanted[name], int | float):
                raise UnknownFault(f"{name} is a number")
        self._books.note("faults", party, dict(wanted))

    def clear(self, party: str | None = None) -> None:
        self._books.forget("faults", party)

    def standing(self) -> dict[str, Any]:
        return self._books.leaf_through("faults")

    def look(self, party: str) -> Fault | None:
        wanted = self._books.recall("faults", party)
        return Fault(wanted["mode"], wanted) if wanted else None

    def spend(self, party: str) -> None:
        """One request met the fault; the last of `times` clears it."""
        wanted = self._books.recall("faults", party)
        if wanted is None or "times" not in wanted:
            return
        left = int(wanted["times"]) - 1
        if left > 0:
            self._books.note("faults", party, {**wanted, "times": left})
        else:
            self.clear(party)

    async def meet(self, party: str, **circumstances: str) -> Fault | None:
        """The fault this request meets, after the waiting it asks for.

        Modes of `EVERYWHERE` are spent here; a party spends its own modes where they bite. A fault may be
        narrowed by naming a circumstance, as in `{"mode": "down", "hospital": "jiangbin"}`.
        """
        fault = self.look(party)
        if fault is None or any(
            fault.settings.get(name, value) != value for name, value in circumstances.items()
        ):
            return None
        if fault.mode in EVERYWHERE:
            self.spend(party)
        if fault.mode == "timeout":
            await anyio.sleep(fault.number("seconds", 30))
        elif fault.mode == "slow":
            await anyio.sleep(fault.number("seconds", 2))
            return None
        return fault
