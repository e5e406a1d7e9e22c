"""Who must not take it: by age, pregnancy, lactation, diagnosis and renal function (REG 27, 29)."""

from collections.abc import Iterator
from decimal import Decimal

from prescriptions.formulary.entries import Caution, Medicine, icd10
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity, Sex
from prescriptions.safety.lines import Desk, Line, found, sane

#: A woman of these ages is asked before a medicine that harms a child unborn or nursed is signed.
MAY_BE_PREGNANT = range(12, 56)
#: eGFR below … mL/min/1.73 m² is this stage of chronic kidney disease.
STAGES = ((15, "N18.5"), (30, "N18.4"), (60, "N18.3"))
RENAL = "N18"


def contraindications(desk: Desk) -> Iterator[Finding]:
    yield from _unknown(desk)
    for line, medicine in desk.medicines:
        yield from _age(desk, line, medicine)
        yield from _diagnosis(desk, line, medicine)
        yield from _renal(desk, line, medicine)
    for line in desk.lines:
        yield from _pregnancy(desk, line)
        yield from _lactation(desk, line)
        yield from _doping(desk, line)


def stands_under(had: str, listed: str) -> bool:
    """Whether a patient's code is meant by a row's: itself, a finer one, or any of an unspecified kind.

    "K25" means K25.7, "I10" means I10.x00, and "M10.9" (gout, unspecified) means M10.0, too.
    """
    had, listed = icd10(had), icd10(listed)
    if had == listed or had.startswith(listed if "." in listed else listed + "."):
        return True
    return listed.endswith(".9") and had.split(".")[0] == listed.removesuffix(".9")


def _unknown(desk: Desk) -> Iterator[Finding]:
    patient = desk.patient
    if patient.age is None or not 0 <= patient.age <= 130:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, why="age_unknown", source="REG28", needs=Needs.AGE
        )
    if patient.diagnoses is None:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, why="diagnosis_unknown", source="REG27",
            needs=Needs.DIAGNOSIS,
        )  # fmt: skip
    elif not patient.diagnoses:
        # Nothing is prescribed without a diagnosis on file (XY05).
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.BLOCK, why="diagnosis_missing", source="XY05",
            needs=Needs.DIAGNOSIS,
        )  # fmt: skip


def _age(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    age = desk.patient.age
    if age is None:
        return
    if age < medicine.min_age_years:
        yield found(
            SafetyCode.AGE_MIN, Severity.RESIGN, line, why="too_young", source="REG29", needs=Needs.RESIGN,
            age=age, limit=medicine.min_age_years,
        )  # fmt: skip
    if age >= desk.numbers.elderly_from and medicine.elderly_caution:
        yield found(
            SafetyCode.ELDERLY,
            Severity.WARN,
            line,
            why="elderly",
            source="REG29",
            needs=Needs.NOTHING,
            age=age,
        )


def _diagnosis(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    patient = desk.patient
    stage = _stage(patient.egfr)
    had = sorted({*(patient.diagnoses or ()), *patient.conditions, *((stage,) if stage else ())})
    for code in had:
        if any(stands_under(code, listed) for listed in medicine.contraindicated_in):
            yield found(
                SafetyCode.DX_CONTRA, Severity.RESIGN, line, why="contraindicated", source="REG29",
                needs=Needs.RESIGN, diagnosis=code,
            )  # fmt: skip
        elif any(stands_under(code, listed) for listed in medicine.caution_in):
            yield found(
                SafetyCode.DX_CAUTION, Severity.WARN, line, why="caution", source="REG29",
                needs=Needs.NOTHING, diagnosis=code,
            )  # fmt: skip
    if (
        patient.diagnoses is not None
        and medicine.indications
        and not is_indicated(medicine, patient.diagnoses)
    ):
        yield found(
            SafetyCode.DX_MISMATCH,
            Severity.RESIGN,
            line,
            why="not_indicated",
            source="REG27",
            needs=Needs.RESIGN,
        )


def is_indicated(medicine: Medicine, diagnoses: tuple[str, ...]) -> bool:
    return any(stands_under(code, listed) for code in diagnoses for listed in medicine.indications)


def _renal(desk: Desk, line: Line, medicine: Medicine) -> Iterator[Finding]:
    """Where a dose depends on renal function, it must be known: by eGFR, or by a staged diagnosis."""
    depends = medicine.renal_note or any(
        icd10(each).startswith(RENAL) for each in medicine.contraindicated_in
    )
    patient = desk.patient
    staged = any(
        stands_under(code, f"{RENAL}.{stage}")
        for code in (*(patient.diagnoses or ()), *patient.conditions)
        for stage in range(1, 6)
    )
    if depends and sane(patient.egfr) is None and not staged:
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, line, why="renal_unknown", source="REG29",
            needs=Needs.RENAL,
        )  # fmt: skip


def _pregnancy(desk: Desk, line: Line) -> Iterator[Finding]:
    worst = _in_pregnancy(desk, line)
    if worst is Caution.OK:
        return
    if desk.patient.pregnant:
        is_block = worst is Caution.CONTRAINDICATED
        yield found(
            SafetyCode.PREGNANCY_BLOCK if is_block else SafetyCode.PREGNANCY_WARN,
            Severity.BLOCK if is_block else Severity.WARN,
            line,
            why="pregnancy_contraindicated" if is_block else "pregnancy_caution",
            source="REG29",
            needs=Needs.REMOVE if is_block else Needs.NOTHING,
        )
    elif desk.patient.pregnant is None and _is_to_be_asked(desk):
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, line, why="pregnancy_unknown", source="REG29",
            needs=Needs.PREGNANCY,
        )  # fmt: skip


def _in_pregnancy(desk: Desk, line: Line) -> Caution:
    """The worst of the row and of every herb in it, by its own row and by the rules of decoctions."""
    book = desk.book
    own = line.medicine or line.herb
    said = {own.pregnancy} if own else set()
    said |= {book.herbs[key].pregnancy for key in line.herbs if key in book.herbs}
    if Caution.CONTRAINDICATED in said or line.herbs & book.tcm.pregnancy_contraindicated:
        return Caution.CONTRAINDICATED
    if Caution.CAUTION in said or line.herbs & book.tcm.pregnancy_caution:
        return Caution.CAUTION
    return Caution.OK


def _lactation(desk: Desk, line: Line) -> Iterator[Finding]:
    if line.medicine is None or line.medicine.lactation is Caution.OK:
        return
    if desk.patient.lactating:
        is_block = line.medicine.lactation is Caution.CONTRAINDICATED
        yield found(
            SafetyCode.LACTATION_BLOCK if is_block else SafetyCode.LACTATION_WARN,
            Severity.BLOCK if is_block else Severity.WARN,
            line,
            why="lactation_contraindicated" if is_block else "lactation_caution",
            source="REG29",
            needs=Needs.REMOVE if is_block else Needs.NOTHING,
        )
    elif desk.patient.lactating is None and _is_to_be_asked(desk):
        yield found(
            SafetyCode.CHECK_INCOMPLETE, Severity.RESIGN, line, why="lactation_unknown", source="REG29",
            needs=Needs.LACTATION,
        )  # fmt: skip


def _doping(desk: Desk, line: Line) -> Iterator[Finding]:
    is_listed = "herbflag:doping" in line.tokens or (line.medicine is not None and line.medicine.doping)
    if desk.patient.is_athlete and is_listed:
        yield found(
            SafetyCode.DOPING_WARN, Severity.WARN, line, why="doping", source="REG29", needs=Needs.NOTHING
        )


def _is_to_be_asked(desk: Desk) -> bool:
    age = desk.patient.age
    return desk.patient.sex is not Sex.MALE and (age is None or age in MAY_BE_PREGNANT)


def _stage(egfr: Decimal | None) -> str | None:
    known = sane(egfr)
    if known is None:
        return None
    return next((code for below, code in STAGES if known < below), None)
