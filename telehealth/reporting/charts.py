"""Charts as finished numbers for SVG: the server draws, the table under each says the same in words.

Units are those of a 360 × 170 view box, a phone's card; nothing here knows a colour (css/figures.css does).
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 46, 6, 10, 24
#: Of ticks on the left, the bottom line among them.
TICKS = 4
#: Labels below, at most.
LABELS = 6
#: As many days and fewer are bars.
BARS = 31


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    #: Which series: 0 or 1.
    series: int


@dataclass(frozen=True, slots=True)
class Line:
    #: A path; days without a value break it.
    path: str
    dots: tuple[tuple[float, float], ...]
    series: int


@dataclass(frozen=True, slots=True)
class Chart:
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


#: Seconds of the units a scale of time may have, and what one is called in `wording.UNITS`.
SPANS = ((1, "s"), (60, "min"), (3600, "h"), (86_400, "d"))


def unit_of(top: float) -> tuple[int, str]:
    """The largest unit of which there are two at least."""
    return next(((size, name) for size, name in reversed(SPANS) if top >= 2 * size), SPANS[0])


def bars(labels: Sequence[str], series: Sequence[Sequence[float | None]]) -> Chart | None:
    """One or two bars a label, side by side. None when there is nothing to draw."""
    top = _top(series)
    if top is None:
        return None
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    width = min(28.0, step * 0.8 / len(series))
    drawn = []
    for number, values in enumerate(series):
        offset = (number - len(series) / 2) * width
        for at, value in enumerate(values):
            if value:
                y = _y(value, top)
                x = LEFT + step * (at + 0.5) + offset
                drawn.append(Bar(_r(x), _r(y), _r(max(1.0, width - 1)), _r(HEIGHT - BOTTOM - y), number))
    return Chart(_ticks(top), _labels(labels, step, 0.5), bars=tuple(drawn))


def lines(
    labels: Sequence[str],
    series: Sequence[Sequence[float | None]],
    *,
    top: float | None = None,
    is_span: bool = False,
) -> Chart | None:
    """`top` fixes the scale, as 1.0 does for shares; a scale of time is even in its own unit."""
    found = _top(series, is_span=is_span)
    if found is None:
        return None
    found = top or found
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    drawn = []
    for number, values in enumerate(series):
        points = [
            None if value is None else (_r(LEFT + step * (at + 0.5)), _r(_y(value, found)))
            for at, value in enumerate(values)
        ]
        drawn.append(Line(_path(points), _dots(points), number))
    return Chart(_ticks(found), _labels(labels, step, 0.5), lines=tuple(drawn))


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    parts, pen_is_up = [], True
    for point in points:
        if point is None:
            pen_is_up = True
            continue
        parts.append(f"{'M' if pen_is_up else 'L'}{point[0]} {point[1]}")
        pen_is_up = False
    return " ".join(parts)


def _dots(points: Sequence[tuple[float, float] | None]) -> tuple[tuple[float, float], ...]:
    """The last one; and those that stand alone, which a line would not show."""
    known = [at for at, point in enumerate(points) if point is not None]
    alone = [
        at
        for at in known
        if (at == 0 or points[at - 1] is None) and (at + 1 == len(points) or points[at + 1] is None)
    ]
    return tuple(point for at in sorted({*known[-1:], *alone}) if (point := points[at]) is not None)


def _top(series: Sequence[Sequence[float | None]], *, is_span: bool = False) -> float | None:
    known = [value for values in series for value in values if value is not None]
    if not known:
        return None
    size = unit_of(max(known))[0] if is_span else 1
    return nice(max(known) / size) * size


def nice(value: float) -> float:
    """The next round number that four steps divide well."""
    if value <= 0:
        return 1.0
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(
        (size * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if size * step >= value), size * 10
    )


def _ticks(top: float) -> tuple[Tick, ...]:
    values = [top * number / TICKS for number in range(TICKS + 1)]
    return tuple(Tick(_r(_y(value, top)), value) for value in values)


def _labels(labels: Sequence[str], step: float, middle: float) -> tuple[Label, ...]:
    every = max(1, -(-len(labels) // LABELS))
    return tuple(
        Label(_r(LEFT + step * (at + middle)), text) for at, text in enumerate(labels) if at % every == 0
    )


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1 - min(1.0, value / top))


def _r(value: float) -> float:
    return round(value, 1)
