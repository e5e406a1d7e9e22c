"""How much: ceilings of one take and of one day, for adults and children, over all that is taken (REG 29)."""

from collections.abc import Iterator
from decimal import Decimal

from prescriptions.formulary.entries import Medicine
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.lines import MASS, Desk, Line, found, sane

#: So far above a ceiling no reason is good: a decimal point slipped. Our decision.
ABSURD = 10


def doses(desk: Desk) -> Iterator[Finding]:
    for line, medicine in desk.medicines:
        yield from _numbers(desk, line)
        yield from _at_once(line, medicine)
        yield from _a_day(desk, line, medicine)
        yield from _of_ingredients(desk, line, medicine)
    yield from _weight(desk)


def _numbers(desk: Desk, line: Line) -> Iterator[Finding]:
    """Dose and frequency are written, not "as directed" (REG 25); a dose is a positive number."""
    if line.dose is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.BLOCK,
            line,
            why="dose_unusable",
            source="REG25",
            needs=Needs.CHANGE,
        )
        return
    written = desk.sheet.items[line.position or 0]
    if written.takes_per_day is not None and line.takes is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.BLOCK,
            line,
            why="takes_unusable",
            source="REG25",
            needs=Needs.CHANGE,
        )
    elif line.takes is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, line, why="takes_unknown", source="REG25",
            needs=Needs.FREQUENCY,
        )  # fmt: skip


def _at_once(line: Line, medicine: Medicine) -> Iterator[Finding]:
    if line.at_once is None:
        return
    if medicine.max_single is not None and line.at_once > medicine.max_single:
        yield _over(SafetyCode.MAX_SINGLE, "over_single", line.at_once, medicine.max_single, medicine, line)
    if (
        medicine.max_single is None
        and medicine.max_daily_adult is None
        and line.at_once > medicine.pack_amount
    ):
        yield found(
            SafetyCode.MAX_SINGLE, Severity.BLOCK, line,
            why="more_than_a_pack", source="REG29", needs=Needs.CHANGE,
            amount=line.at_once, limit=medicine.pack_amount, unit=medicine.amount_unit,
        )  # fmt: skip


def _a_day(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    """The same medicine on several lines or sheets is one amount; a refill follows on, it adds nothing."""
    same = [
        each for each in (*desk.lines, *desk.active) if each.key == line.key and not is_refill(desk, each)
    ]
    if _first_of(same) is not line:
        return
    amount = sum((each.on_a_day for each in same if each.on_a_day is not None), Decimal(0))
    if medicine.max_daily_adult is not None and amount > medicine.max_daily_adult:
        limit = medicine.max_daily_adult
        yield _over(SafetyCode.MAX_DAILY, "over_daily", amount, limit, medicine, *same)
    if not desk.is_child:
        return
    if medicine.child_max_daily is not None and amount > medicine.child_max_daily:
        limit = medicine.child_max_daily
        yield _over(SafetyCode.MAX_DAILY, "over_child_daily", amount, limit, medicine, *same)
    weight, factor = sane(desk.patient.weight_kg), MASS.get(medicine.amount_unit)
    if medicine.child_max_per_kg_day is not None and weight is not None and factor is not None:
        limit = medicine.child_max_per_kg_day * weight / factor
        if amount > limit:
            yield _over(
                SafetyCode.CHILD_MGKG, "over_per_kg", amount, limit, medicine, *same,
                per_kg=medicine.child_max_per_kg_day, weight=weight,
            )  # fmt: skip
    yield from _no_child_dose(desk, line, medicine)


def _no_child_dose(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    age, known = desk.patient.age, (medicine.child_max_daily, medicine.child_max_per_kg_day)
    if (
        age is not None
        and medicine.min_age_years <= age < desk.numbers.child_dose_below
        and known == (None, None)
    ):
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.RESIGN,
            line,
            why="no_child_dose",
            source="REG29",
            needs=Needs.RESIGN,
        )


def _of_ingredients(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    """One ingredient from different products, hidden ones of patent medicines included (P008-P010)."""
    for ingredient in medicine.ingredients:
        bearers = [
            each
            for each in (*desk.lines, *desk.active)
            if each.medicine is not None
            and ingredient in each.medicine.ingredients
            and not is_refill(desk, each)
        ]
        if _first_of(bearers) is not line or len({each.key for each in bearers}) < 2:
            continue
        amounts = [each.mg_on_a_day(ingredient) for each in bearers]
        amount = sum((each for each in amounts if each is not None), Decimal(0))
        limit = _ingredient_limit(desk, ingredient, bearers)
        if limit is not None and amount > limit:
            yield _over(
                SafetyCode.MAX_DAILY, "over_ingredient", amount, limit, medicine, *bearers,
                unit="mg", ingredient=ingredient,
            )  # fmt: skip


def _ingredient_limit(desk: Desk, ingredient: str, bearers: list[Line]) -> Decimal | None:
    """The lowest ceiling of the products that contain nothing else: those taken, else any of the book."""
    taken = [limit for each in bearers if (limit := _pure_limit(desk, each.medicine, ingredient)) is not None]
    known = (desk.book.medicines[code] for code in desk.book.by_ingredient.get(ingredient, ()))
    limits = taken or [
        limit for other in known if (limit := _pure_limit(desk, other, ingredient)) is not None
    ]
    return min(limits, default=None)


def _pure_limit(desk: Desk, medicine: Medicine | None, ingredient: str) -> Decimal | None:
    """Milligrams a day by a product of this ingredient alone."""
    if medicine is None or medicine.ingredients != (ingredient,) or medicine.ingredient_amounts:
        return None
    factor = MASS.get(medicine.amount_unit)
    if factor is None:
        return None
    limits = [medicine.max_daily_adult] if medicine.max_daily_adult is not None else []
    if desk.is_child and medicine.child_max_daily is not None:
        limits.append(medicine.child_max_daily)
    weight = sane(desk.patient.weight_kg)
    if desk.is_child and medicine.child_max_per_kg_day is not None and weight is not None:
        limits.append(medicine.child_max_per_kg_day * weight / factor)
    return min(limits) * factor if limits else None


def _weight(desk: Desk) -> Iterator[Finding]:
    """A child's dose goes by weight; without it nothing is signed (README of the sample data)."""
    if desk.is_child and sane(desk.patient.weight_kg) is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.BLOCK, why="weight_missing", source="REG29",
            needs=Needs.WEIGHT,
        )  # fmt: skip


def is_refill(desk: Desk, line: Line) -> bool:
    """An active medicine about to end: what is written now follows on."""
    return line.days_left is not None and line.days_left <= desk.numbers.general_max_days


def _over(
    code: SafetyCode,
    why: str,
    taken: Decimal,
    limit: Decimal,
    medicine: Medicine,
    *lines: Line,
    unit: str = "",
    **facts: object,
) -> Finding:
    is_absurd = taken >= limit * ABSURD
    return found(
        code,
        Severity.BLOCK if is_absurd else Severity.RESIGN,
        *lines,
        why=why,
        source="REG29",
        needs=Needs.CHANGE if is_absurd else Needs.RESIGN,
        amount=taken,
        limit=limit,
        unit=unit or medicine.amount_unit,
        **facts,
    )


def _first_of(lines: list[Line]) -> Line:
    """The line that speaks for all of them, so that each amount is said once. Never empty of this sheet's."""
    return min(lines, key=lambda line: (line.position is None, line.position or 0))
