"""How long and how many: days of supply, long prescriptions, packs, lines of a sheet (REG 21-26, 34, 47)."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from prescriptions.formulary.entries import ControlClass, Herb, Medicine, Toxicity
from prescriptions.safety.contraindications import is_indicated
from prescriptions.safety.facts import Finding, Needs, Numbers, SafetyCode, Severity, SheetKind
from prescriptions.safety.lines import MOST_TAKES, Desk, Line, found, sane

#: A toxic medicine: at most this many days of the highest dose (REG 34).
TOXIC_DAYS = 2
#: Ten years: beyond it days are a slip, and there is nothing to reckon.
MOST_DAYS = 3660
#: Nobody carries more home, whatever is in them. Our decision.
MOST_PACKS = 100


def quantity(desk: Desk) -> Iterator[Finding]:
    yield from _mixed(desk)
    yield from _count(desk)
    for line, medicine in desk.medicines:
        yield from _days(desk, line, medicine)
        yield from _toxic(line, medicine)
        yield from _packs(line, medicine)
    yield from _decoction_days(desk)


def _mixed(desk: Desk) -> Iterator[Finding]:
    """Decoction pieces stand on a sheet of their own."""
    is_herb_sheet = desk.sheet.kind is SheetKind.HERB
    strangers = [line for line in desk.lines if line.is_herb is not is_herb_sheet]
    if strangers:
        yield found(
            SafetyCode.SHEET_MIXED, Severity.BLOCK, *strangers, why="mixed", source="REG26", needs=Needs.SPLIT
        )


def _count(desk: Desk) -> Iterator[Finding]:
    medicines = [line for line in desk.lines if not line.is_herb]
    if len(medicines) > desk.numbers.max_items:
        yield found(
            SafetyCode.ITEM_COUNT, Severity.BLOCK, why="too_many", source="REG26", needs=Needs.SPLIT,
            count=len(medicines), limit=desk.numbers.max_items,
        )  # fmt: skip


def _days(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    days = line.days
    if days is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.BLOCK,
            line,
            why="days_unknown",
            source="REG25",
            needs=Needs.CHANGE,
        )
    elif days <= 0:
        yield _too_long(line, days, desk.numbers.general_max_days, "days_unusable", "REG25")
    else:
        limit, why, source = longest_supply(desk, medicine)
        if days > limit:
            yield _too_long(line, days, limit, why, source)


def longest_supply(desk: Desk, medicine: Medicine) -> tuple[int, str, str]:
    """Days, and why no more: ordinary, long, or long for the stable, by what it is given for."""
    if not may_be_long(medicine, desk.numbers):
        return desk.numbers.general_max_days, "no_long_rx", "REG23"
    return _longest_for(desk, medicine)


def may_be_long(medicine: Medicine, numbers: Numbers) -> bool:
    return medicine.long_rx_ok and not _kinds(medicine) & set(numbers.long_rx_excluded)


def _kinds(medicine: Medicine) -> set[str]:
    """The names of policy lists that this medicine falls under."""
    control = str(medicine.control)
    kinds = {control, control.split("_")[0]} - {str(ControlClass.NONE)}
    # A compound holds so little that it is another class; the row's own `long_rx_ok` decides.
    if control.endswith("_compound"):
        kinds = {control}
    if medicine.antibacterial:
        kinds.add("antibacterial")
    if medicine.cold_chain:
        kinds.add("special_storage")
    return kinds


def _longest_for(desk: Desk, medicine: Medicine | None) -> tuple[int, str, str]:
    """Longer than ordinary only for a chronic disease that is followed up online (REG 21, 22)."""
    numbers, said = desk.numbers, desk.patient.diagnoses or ()
    known = [(code, entry) for code in said if (entry := desk.book.diagnosis(code)) and entry.is_chronic]
    treated = [entry for code, entry in known if medicine is None or is_indicated(medicine, (code,))]
    entries = treated or [entry for _, entry in known]
    if not entries:
        return numbers.general_max_days, "not_chronic", "REG21"
    longest = max(entry.max_supply_days for entry in entries)
    if longest > numbers.long_rx_days and not desk.patient.stable:
        return numbers.long_rx_days, "not_stable", "REG22"
    if longest < numbers.long_rx_max_days:
        return longest, "diagnosis_limit", "REG22"
    return numbers.long_rx_max_days, "longest", "REG22"


def _toxic(line: Line, medicine: Medicine) -> Iterator[Finding]:
    a_day, days, limit = line.on_a_day, line.days, medicine.max_daily_adult
    is_toxic = medicine.control in (ControlClass.TOXIC, ControlClass.TOXIC_RAW)
    if is_toxic and a_day and days and limit and a_day * days > limit * TOXIC_DAYS:
        yield found(
            SafetyCode.QTY_DAYS, Severity.BLOCK, line, why="toxic_days", source="REG34", needs=Needs.CHANGE,
            days=days, limit=TOXIC_DAYS,
        )  # fmt: skip


def _packs(line: Line, medicine: Medicine) -> Iterator[Finding]:
    """Whole packs, no more than the days need (REG 47: no excess)."""
    if line.quantity is None:
        return
    packs = sane(line.quantity)
    if packs is None or packs != packs.to_integral_value() or packs > MOST_PACKS:
        yield found(
            SafetyCode.QTY_PACKS,
            Severity.BLOCK,
            line,
            why="packs_unusable",
            source="REG25",
            needs=Needs.CHANGE,
        )
        return
    needed = packs_for(line, medicine)
    if needed is not None and packs > needed:
        is_absurd = packs > needed * 10
        yield found(
            SafetyCode.QTY_PACKS, Severity.BLOCK if is_absurd else Severity.RESIGN, line,
            why="too_many_packs", source="REG47", needs=Needs.CHANGE if is_absurd else Needs.RESIGN,
            packs=packs, needed=needed,
        )  # fmt: skip
    elif needed is not None and packs < needed:
        yield found(
            SafetyCode.QTY_PACKS, Severity.WARN, line,
            why="too_few_packs", source="REG47", needs=Needs.NOTHING,
            packs=packs, needed=needed,
        )  # fmt: skip


def packs_for(line: Line, medicine: Medicine) -> Decimal | None:
    """Packs that the days need; None while dose, frequency or days are not known."""
    takes = line.takes_a_day
    if line.dose is None or takes is None or not line.days or not 0 < line.days <= MOST_DAYS:
        return None
    # Half a tablet is a tablet broken; what is left of a take is not counted twice.
    amount = line.dose * (takes * line.days).to_integral_value(ROUND_CEILING)
    return (amount / medicine.pack_amount).to_integral_value(ROUND_CEILING)


def _decoction_days(desk: Desk) -> Iterator[Finding]:
    sheet = desk.sheet
    if sheet.kind is not SheetKind.HERB:
        return
    days = _days_of_decoction(desk)
    if days is None:
        return
    if days <= 0:
        yield found(
            SafetyCode.QTY_DAYS, Severity.BLOCK, why="doses_unusable", source="REG36", needs=Needs.CHANGE
        )
        return
    limit, why, source = _longest_for(desk, None)
    toxic = [line for line, herb in desk.pieces if _is_toxic(herb)]
    if toxic and "toxic" in desk.numbers.long_rx_excluded:
        limit, why, source = desk.numbers.general_max_days, "no_long_rx", "REG23"
    if days > limit:
        yield found(
            SafetyCode.QTY_DAYS, Severity.BLOCK, *toxic, why=why, source=source, needs=Needs.CHANGE,
            days=days, limit=limit,
        )  # fmt: skip


def _days_of_decoction(desk: Desk) -> int | None:
    """From the doses and how many of them a day; else the longest days a line gives. 0 is unusable."""
    sheet = desk.sheet
    per_day = sane(sheet.doses_per_day)
    if per_day is None or per_day > MOST_TAKES:
        return 0
    if sheet.doses is not None:
        return int((Decimal(sheet.doses) / per_day).to_integral_value(ROUND_CEILING))
    given = [line.days for line in desk.lines if line.is_herb and line.days is not None]
    return 0 if any(days <= 0 for days in given) else max(given, default=None)


def _is_toxic(herb: Herb) -> bool:
    return herb.toxicity is Toxicity.TOXIC


def _too_long(line: Line, days: int, limit: int, why: str, source: str) -> Finding:
    return found(
        SafetyCode.QTY_DAYS, Severity.BLOCK, line, why=why, source=source, needs=Needs.CHANGE,
        days=days, limit=limit,
    )  # fmt: skip
