"""How much one socket may say: docs/protocol/signaling.md, "Heartbeat, limits, back-pressure"."""

PER_SECOND = 20
PER_MINUTE = 300
SAYS_PER_MINUTE = 60
#: A page that gathers candidates for three others sends them in one burst, so signals count apart.
SIGNALS_PER_SECOND = 100
SIGNALS_PER_MINUTE = 600
#: Refusals within a minute, after which the socket is closed.
REFUSALS = 10


class Meter:
    """Counts within fixed seconds and minutes; a few integers a socket."""

    __slots__ = (
        "_minute", "_minutely", "_refused", "_says", "_second", "_secondly", "_signals", "_signals_now",
    )  # fmt: skip

    def __init__(self) -> None:
        self._second = self._minute = -1
        self._secondly = self._minutely = self._says = self._signals = self._signals_now = self._refused = 0

    def admits(self, kind: str, now: float) -> bool:
        """`now` in seconds of any steady clock. A refused message is not counted."""
        self._turn(now)
        if kind == "signal":
            if self._signals_now >= SIGNALS_PER_SECOND or self._signals >= SIGNALS_PER_MINUTE:
                return self._refuse()
            self._signals_now += 1
            self._signals += 1
            return True
        if self._secondly >= PER_SECOND or self._minutely >= PER_MINUTE:
            return self._refuse()
        if kind == "say":
            if self._says >= SAYS_PER_MINUTE:
                return self._refuse()
            self._says += 1
        self._secondly += 1
        self._minutely += 1
        return True

    @property
    def floods(self) -> bool:
        return self._refused >= REFUSALS

    def wait_s(self, kind: str, now: float) -> int:
        """Until a message of this kind would be taken, in whole seconds."""
        is_minute = (
            self._signals >= SIGNALS_PER_MINUTE
            if kind == "signal"
            else self._minutely >= PER_MINUTE or (kind == "say" and self._says >= SAYS_PER_MINUTE)
        )
        return 60 - int(now % 60) if is_minute else 1

    def _refuse(self) -> bool:
        self._refused += 1
        return False

    def _turn(self, now: float) -> None:
        second, minute = int(now), int(now // 60)
        if second != self._second:
            self._second = second
            self._secondly = self._signals_now = 0
        if minute != self._minute:
            self._minute = minute
            self._minutely = self._says = self._signals = self._refused = 0
