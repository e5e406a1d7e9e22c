"""Prescribable, couriable and collectable are three questions (REG 33, 40-42, 45)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prescriptions.formulary.book import Book
from prescriptions.formulary.entries import ControlClass, Fulfilment, Medicine, Preparation
from prescriptions.safety.facts import Delivery, Finding, Item, Needs, Numbers, SafetyCode, Severity
from prescriptions.safety.lines import Desk, Line, found
from prescriptions.safety.quantity import may_be_long

#: Never sold online, whatever a row says of couriers (Drug Law art. 61).
NEVER_COURIERED = frozenset(
    (
        ControlClass.VACCINE, ControlClass.BLOOD_PRODUCT,
        ControlClass.NARCOTIC, ControlClass.NARCOTIC_COMPOUND,
        ControlClass.PSYCHOTROPIC_1, ControlClass.PSYCHOTROPIC_2, ControlClass.TOXIC, ControlClass.TOXIC_RAW,
        ControlClass.RADIOACTIVE, ControlClass.PRECURSOR, ControlClass.PRECURSOR_COMPOUND,
    )
)  # fmt: skip
#: Single-ingredient medicines of the 2022 list that any book must keep from couriers.
BARRED_ALONE = frozenset(
    ("warfarin", "digoxin", "amiodarone", "colchicine", "carbamazepine", "dextromethorphan", "tramadol")
)
#: ATC of glucose-lowering medicines: the one exception to the ban on injections.
GLUCOSE_LOWERING = "A10"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a line can and cannot do, for the pad, before anything is signed."""

    prescribable: bool
    courier: bool
    pickup_only: bool
    cold_chain: bool
    long_rx: bool
    is_known: bool


def fulfilment(desk: Desk) -> Iterator[Finding]:
    for line in desk.lines:
        yield from _known(desk, line)
        yield from _controlled(desk, line)
        yield from _courier(desk, line)
    if desk.sheet.is_granules and _reaches_courier(desk) and desk.numbers.network_retail_limits:
        yield _restricted(desk, *desk.lines, why="granules", source="REG40")


def capabilities(item: Item, book: Book, numbers: Numbers | None = None) -> Capabilities:
    """A herb may travel; a raw toxic piece may not even be prescribed."""
    numbers = numbers or Numbers()
    medicine, herb = book.medicine(item.ref), book.herb(item.ref)
    if medicine is None:
        is_raw = book.herb_key(item.ref) in book.tcm.toxic_raw or item.ref in book.tcm.toxic_raw
        can = herb is not None and not is_raw
        is_toxic = herb is not None and herb.toxicity == "toxic"
        return Capabilities(can, can, False, False, can and not is_toxic, herb is not None)
    is_prescribable = why_not_online(medicine, numbers) is None
    may_travel = is_prescribable and why_not_couriered(medicine, numbers) is None
    return Capabilities(
        prescribable=is_prescribable,
        courier=may_travel,
        pickup_only=is_prescribable and not may_travel,
        cold_chain=medicine.cold_chain,
        long_rx=may_be_long(medicine, numbers),
        is_known=True,
    )


def why_not_online(medicine: Medicine, numbers: Numbers) -> str | None:
    if medicine.fulfilment is Fulfilment.NOT_PRESCRIBABLE_ONLINE or medicine.control in numbers.never_online:
        return "controlled"
    return None


def why_not_couriered(medicine: Medicine, numbers: Numbers) -> str | None:
    """The reason, as `wording` knows it; None when it may travel."""
    if medicine.fulfilment is Fulfilment.PICKUP_ONLY:
        return "pickup_only"
    if medicine.control in NEVER_COURIERED:
        return "banned_class"
    if not numbers.network_retail_limits:
        return None
    if medicine.preparation is not Preparation.ORDINARY:
        return "granules" if medicine.preparation is Preparation.FORMULA_GRANULES else "hospital_made"
    if medicine.is_injection and not medicine.atc.startswith(GLUCOSE_LOWERING):
        return "injection"
    if len(medicine.ingredients) == 1 and medicine.ingredients[0].lower() in BARRED_ALONE:
        return "banned_single"
    return None


def _known(desk: Desk, line: Line) -> Iterator[Finding]:
    """What the book does not have cannot be checked, priced or dispensed."""
    if not line.is_known and not line.is_raw_toxic:
        yield found(
            SafetyCode.CHECK_INCOMPLETE,
            Severity.BLOCK,
            line,
            why="unknown_item",
            source="REG25",
            needs=Needs.REMOVE,
        )


def _controlled(desk: Desk, line: Line) -> Iterator[Finding]:
    why = "raw_toxic" if line.is_raw_toxic and "toxic_raw" in desk.numbers.never_online else None
    if line.medicine is not None:
        why = why_not_online(line.medicine, desk.numbers)
    if why is not None:
        yield found(
            SafetyCode.CONTROLLED_BLOCK, Severity.BLOCK, line, why=why,
            source="REG34" if why == "raw_toxic" else "REG33", needs=Needs.OFFLINE,
        )  # fmt: skip


def _courier(desk: Desk, line: Line) -> Iterator[Finding]:
    medicine = line.medicine
    if medicine is None or not _reaches_courier(desk) or why_not_online(medicine, desk.numbers):
        return
    if why := why_not_couriered(medicine, desk.numbers):
        source = "REG40" if why in ("banned_class", "granules", "hospital_made") else "REG41"
        yield _restricted(desk, line, why=why, source=source)
    if medicine.cold_chain:
        yield _cold(desk, line)


def _reaches_courier(desk: Desk) -> bool:
    """An open choice may still become the courier."""
    return desk.sheet.delivery is not Delivery.PICKUP


def _restricted(desk: Desk, *lines: Line, why: str, source: str) -> Finding:
    is_chosen = desk.sheet.delivery is Delivery.COURIER
    finding = found(
        SafetyCode.FULFILMENT_RESTRICTED, Severity.BLOCK if is_chosen else Severity.WARN, *lines,
        why=why, source=source, needs=Needs.PICKUP,
    )  # fmt: skip
    return replace(finding, is_delivery_only=True)


def _cold(desk: Desk, line: Line) -> Finding:
    """A courier without a cold box and a logger is refused (REG 45)."""
    is_refused = desk.sheet.delivery is Delivery.COURIER and not desk.sheet.courier_keeps_cold
    finding = found(
        SafetyCode.COLD_CHAIN, Severity.BLOCK if is_refused else Severity.WARN, line,
        why="cold_chain", source="REG45", needs=Needs.COLD_COURIER,
    )  # fmt: skip
    return replace(finding, is_delivery_only=True)
