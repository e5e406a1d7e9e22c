"""Chinese medicine: eighteen incompatibles, nineteen antagonisms, ranges, steps, toxic pieces (REG 34-37).

Herbs are compared by key, never by a part of a name, and the herbs of patent medicines count, so these
rules run over western sheets, too.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from prescriptions.formulary.entries import Herb, Toxicity
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.interactions import NEEDS, SEVERITY
from prescriptions.safety.lines import Desk, Line, found, sane

PARTS = re.compile(r"[、,，;；+\s]+")
BRACKETED = re.compile(r"[(（].*?[)）]")
#: An ordinary decoction; another usage ("入丸散") means that it is not to be decocted at all.
DECOCTED = "煎服"


def decoctions(desk: Desk) -> Iterator[Finding]:
    yield from _incompatible(desk)
    for line, herb in desk.pieces:
        yield from _grams(desk, line, herb)
        yield from _step(desk, line, herb)
        if herb.toxicity is Toxicity.TOXIC:
            yield found(
                SafetyCode.TCM_TOXIC_WARN, Severity.WARN, line, why="toxic_piece", source="REG34",
                needs=Needs.NOTHING,
            )  # fmt: skip


def _incompatible(desk: Desk) -> Iterator[Finding]:
    rules = desk.book.tcm
    for line, other in desk.pairs:
        for group in rules.eighteen:
            for one, two in ((line, other), (other, line)):
                a, b = sorted(one.herbs & group.a), sorted(two.herbs & group.b)
                if a and b:
                    yield found(
                        SafetyCode.TCM_18, SEVERITY[group.action], line, other,
                        why="eighteen", source="REG37", needs=NEEDS[group.action],
                        group=group.group, a="、".join(a), b="、".join(b),
                    )  # fmt: skip
        for pair in rules.nineteen:
            a, b = sorted(line.herbs & pair), sorted(other.herbs & pair)
            if a and b and a != b:
                yield found(
                    SafetyCode.TCM_19, SEVERITY[rules.nineteen_action], line, other, why="nineteen",
                    source="REG37", needs=NEEDS[rules.nineteen_action], a="、".join(a), b="、".join(b),
                )  # fmt: skip


def _grams(desk: Desk, line: Line, herb: Herb) -> Iterator[Finding]:
    """Grams of a day against the usual range and the ceiling; one herb on several lines is one amount."""
    if line.grams is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.BLOCK,
            line,
            why="grams_unusable",
            source="REG35",
            needs=Needs.CHANGE,
        )
        return
    same = [each for each in (*desk.lines, *desk.active) if each.key == line.key and each.grams is not None]
    if same[0] is not line:
        return
    per_day = sane(desk.sheet.doses_per_day) or Decimal(1)
    grams = sum(
        ((each.grams or 0) * (per_day if each.position is not None else 1) for each in same), Decimal(0)
    )
    facts = {"grams": grams, "least": herb.dose_min, "most": herb.dose_max, "limit": herb.ceiling}
    if grams > herb.ceiling:
        yield found(
            SafetyCode.TCM_DOSE_BLOCK, Severity.BLOCK, *same, why="over_ceiling", source="REG29",
            needs=Needs.CHANGE, **facts,
        )  # fmt: skip
    elif grams > herb.dose_max:
        yield found(
            SafetyCode.TCM_DOSE_RESIGN, Severity.RESIGN, *same, why="over_range", source="REG37",
            needs=Needs.RESIGN, **facts,
        )  # fmt: skip
    elif grams < herb.dose_min:
        yield found(
            SafetyCode.TCM_DOSE_WARN, Severity.WARN, *same, why="under_range", source="REG37",
            needs=Needs.NOTHING, **facts,
        )  # fmt: skip


def _step(desk: Desk, line: Line, herb: Herb) -> Iterator[Finding]:
    """The special step stands on the sheet (REG 35); for a toxic piece it is what makes it bearable."""
    wanted, is_conditional = step_of(herb, desk.book.tcm.decoction_terms)
    if not wanted or _is_given(wanted, line.special):
        return
    if herb.toxicity is Toxicity.TOXIC:
        severity, needs = Severity.BLOCK, Needs.CHANGE
    elif is_conditional:
        severity, needs = Severity.WARN, Needs.NOTHING
    else:
        severity, needs = Severity.RESIGN, Needs.CHANGE
    yield found(
        SafetyCode.TCM_USAGE_MISSING, severity, line, why="step_missing", source="REG35", needs=needs,
        step="、".join(wanted),
    )  # fmt: skip


def step_of(herb: Herb, terms: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The steps of which one must be written, and whether they hold for one use only: "后下(泻下)"."""
    note = herb.decoction_note
    parts = [part for part in PARTS.split(BRACKETED.sub("", note)) if part]
    is_decocted = herb.usage.startswith(DECOCTED)
    wanted = tuple(part for part in parts if part in terms or not is_decocted)
    return wanted, BRACKETED.search(note) is not None


def _is_given(wanted: tuple[str, ...], special: str) -> bool:
    """先煎30分钟 is 先煎; longer or stricter words for the same step are that step."""
    given = [part for part in PARTS.split(special) if part]
    return any(word.startswith(step) for step in wanted for word in given) or (
        any("煎去沫" in step for step in wanted)
        and "先煎" in given
        and any(word in ("去沫", "去上沫") for word in given)
    )
