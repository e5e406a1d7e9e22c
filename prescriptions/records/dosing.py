"""How a medicine is taken: in the words of the sheet, and in structure for machines. Pure."""

from decimal import Decimal

from prescriptions.formulary.book import Book
from prescriptions.formulary.entries import Frequency, Medicine
from prescriptions.models import Line
from prescriptions.safety.names import unit_name
from prescriptions.sheet.content import DecoctedBy, plain_number
from prescriptions.sheet.wording import DECOCTED
from prescriptions.writing.content import DecoctionPlan, LineWords
from prescriptions.writing.sheeting import dose_words
from telehealth.hospital.elements import Element, coding, concept, local, present, quantity

GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
ROUTES = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
DOSE_TYPES = "http://terminology.hl7.org/CodeSystem/dose-rate-type"

#: The book's units in UCUM; what is counted by hand is an annotation, which every reader takes for 1.
UNITS = {
    "mg": "mg",
    "g": "g",
    "ug": "ug",
    "mL": "mL",
    "IU": "[iU]",
    "tablet": "{tablet}",
    "capsule": "{capsule}",
    "pill": "{pill}",
    "inhalation": "{inhalation}",
    "puff": "{puff}",
}
#: Only those about which two pharmacists would not argue; every route has the hospital's own code as well.
ROUTE_CODES = {"口服": "PO", "舌下含服": "SL", "皮下注射": "SQ", "肌内注射": "IM"}
#: EventTiming of HL7; 空腹 has none and stays in words.
WHEN = {"饭前": "AC", "饭后": "PC", "睡前": "HS", "随餐": "C", "晨起": "WAKE"}
#: Term of the book → (times, periods, unit of the period).
REPEATS = {
    "qd": (1, 1, "d"),
    "bid": (2, 1, "d"),
    "tid": (3, 1, "d"),
    "qid": (4, 1, "d"),
    "qn": (1, 1, "d"),
    "qod": (1, 2, "d"),
    "q6h": (1, 6, "h"),
    "q8h": (1, 8, "h"),
    "q12h": (1, 12, "h"),
    "qw": (1, 1, "wk"),
    "biw": (2, 1, "wk"),
    "tiw": (3, 1, "wk"),
    "dunfu": (1, 1, "d"),
}
GTS_CODES = {
    "qd": "QD", "bid": "BID", "tid": "TID", "qid": "QID", "qod": "QOD", "q6h": "Q6H", "q8h": "Q8H",
    "qn": "BED", "qw": "WK",
}  # fmt: skip
AS_NEEDED, AT_ONCE = "prn", "st"


def dosage(hospital: str, line: Line, medicine: Medicine, book: Book, words: LineWords) -> Element:
    """One instruction for one line; `line.dose` is what is taken at once."""
    code = line.frequency.lower()
    return present(
        text=dosage_words(line, medicine, book.frequencies.get(line.frequency), words),
        additionalInstruction=[concept(text=words.note)] if words.note else [],
        timing=_timing(hospital, line, book.frequencies.get(line.frequency), words),
        asNeededBoolean=True if code == AS_NEEDED else None,
        route=_route(hospital, line.route),
        doseAndRate=[_each(quantity(line.dose, unit_name(medicine.amount_unit, str), _ucum(medicine)))]
        if line.dose is not None
        else [],
    )


def dosage_words(line: Line, medicine: Medicine, term: Frequency | None, words: LineWords) -> str:
    """ "每次 10 mg（2 片），口服，每日2次，饭后，7 天": as on the sheet."""
    each = ""
    if line.dose is not None:
        each = f"每次 {plain_number(line.dose)} {unit_name(medicine.amount_unit, str)}"
        counted = dose_words(medicine, line.dose)
        each = f"{each}（{counted}）" if counted else each
    parts = (each, line.route, term.name if term else line.frequency, words.timing, f"{line.days} 天")
    return "，".join(part for part in parts if part)


def decoction_dosage(hospital: str, plan: DecoctionPlan) -> Element:
    """A decoction is taken as one medicine: so many times a day, so many millilitres."""
    repeat = {**_repeat(plan.times_per_day, 1, "d"), "boundsDuration": days(plan.days)}
    when = WHEN.get(plan.timing)
    return present(
        text=decoction_words(plan),
        additionalInstruction=[concept(text=text) for text in (plan.temperature, plan.note) if text],
        timing={"repeat": {**repeat, **({"when": [when]} if when else {})}},
        route=_route(hospital, "口服"),
        doseAndRate=[_each(quantity(plan.volume_ml, "mL", "mL"))],
    )


def decoction_words(plan: DecoctionPlan) -> str:
    parts = (
        f"共 {plan.doses} 剂",
        f"每日 {plan.doses_per_day} 剂",
        "水煎服",
        f"每日 {plan.times_per_day} 次",
        f"每次 {plan.volume_ml} mL",
        plan.temperature,
        plan.timing,
        DECOCTED[DecoctedBy(plan.decocted_by)],
    )
    return "，".join(part for part in parts if part)


def days(count: int) -> Element:
    return quantity(count, "天", "d")


def packs(count: Decimal, medicine: Medicine) -> Element:
    return quantity(count, medicine.pack_unit, "{pack}")


def doses(count: int) -> Element:
    return quantity(count, "剂", "{dose}")


def grams(weight: Decimal) -> Element:
    return quantity(weight, "g", "g")


def _timing(hospital: str, line: Line, term: Frequency | None, words: LineWords) -> Element:
    code = line.frequency.lower()
    repeat: Element = {"boundsDuration": days(line.days)} if line.days and code != AT_ONCE else {}
    if code in REPEATS:
        repeat |= _repeat(*REPEATS[code])
    if code == AT_ONCE:
        repeat |= {"count": 1}
    when = ["HS"] if code == "qn" else [WHEN[words.timing]] if words.timing in WHEN else []
    if when and code in REPEATS:
        repeat["when"] = when
    own = coding(local(hospital, "frequency"), line.frequency, term.name if term else "")
    known = [coding(GTS, GTS_CODES[code])] if code in GTS_CODES else []
    said = concept(*known, own, text=term.name if term else line.frequency) if line.frequency else {}
    return present(repeat=repeat, code=said)


def _repeat(times: int, periods: int, unit: str) -> Element:
    return {"frequency": times, "period": periods, "periodUnit": unit}


def _route(hospital: str, route: str) -> Element:
    if not route:
        return {}
    known = [coding(ROUTES, ROUTE_CODES[route])] if route in ROUTE_CODES else []
    return concept(*known, coding(local(hospital, "route"), route), text=route)


def _each(amount: Element) -> Element:
    return {"type": concept(coding(DOSE_TYPES, "ordered", "Ordered")), "doseQuantity": amount}


def _ucum(medicine: Medicine) -> str:
    return UNITS.get(medicine.amount_unit, "{unit}")
