"""The label on each bag: strength and the amount taken at once stand together (REG 32, PAIN 12).

It is drawn from the signed sheet's own content, so that it cannot say anything else than the doctor signed.
"""

from prescriptions.models import Prescription
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import LabelNotReady
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.queries import lines_of, prescription, sheet_file
from prescriptions.sheet.content import Line, SheetContent, plain_number, restore
from prescriptions.sheet.wording import Label, decoction_words, each_time, grams
from prescriptions.states import SheetStage
from prescriptions.stock import Drug, drugs, lots_by_id, pharmacy
from telehealth.core.unit import Unit

COLD = "2–8 ℃ 冷藏，勿冷冻"
COOL = "密封，阴凉干燥处"
DECOCTED = "冷藏，7 日内服完，温热后服用"


async def labels_of(unit: Unit, row: DispatchOrder) -> list[Label]:
    """One a drug and lot; one for a decoction. Raises LabelNotReady."""
    rx = await prescription(unit, row.id)
    content = await content_of(unit, rx)
    if content is None:
        raise LabelNotReady()
    place = await pharmacy(unit, row.pharmacy_id)
    if content.decoction is not None:
        return [_of_decoction(content, row, place.name, unit)]
    names = await drugs(unit, row.hospital_id)
    picks = await queries.picks(unit, row.id)
    lots = await lots_by_id(unit, [pick.lot_id for pick in picks])
    made = []
    for line, written in zip(await lines_of(unit, row.id), content.lines, strict=True):
        lot = next((lots[pick.lot_id] for pick in picks if pick.drug_code == line.drug_code), None)
        made.append(
            Label(
                hospital=content.hospital, pharmacy=place.name, patient=content.patient.name,
                number=content.number, drug=written.name, strength=written.strength,
                quantity=f"{plain_number(written.quantity)} {written.quantity_unit}",
                each=each_time(written), usage=usage_of(written),
                storage=written.note or _storage(names.of(line.drug_code)),
                dispensed_on=unit.today, lot=lot.lot_number if lot is not None else "",
                expires_on=lot.expires_on if lot is not None else None, is_sample=content.is_sample,
            )
        )  # fmt: skip
    return made


async def content_of(unit: Unit, rx: Prescription) -> SheetContent | None:
    """What the doctor signed; None while it is not on file."""
    for stage in (SheetStage.BOTH, SheetStage.DOCTOR):
        if (file := await sheet_file(unit, rx.id, rx.issue, stage)) is not None:
            return restore(file.content.encode())
    return None


def usage_of(line: Line) -> str:
    said = (line.route, line.frequency, line.timing, f"{line.days} 天")
    return "，".join(word for word in said if word)


def _storage(drug: Drug) -> str:
    return COLD if drug.cold_chain else COOL


def _of_decoction(content: SheetContent, row: DispatchOrder, pharmacy: str, unit: Unit) -> Label:
    made = content.decoction
    if made is None:
        raise LabelNotReady()
    bags = row.decoction.get("bags")
    return Label(
        hospital=content.hospital, pharmacy=pharmacy, patient=content.patient.name, number=content.number,
        drug="中药汤剂" if bags else "中药饮片",
        strength=f"每剂 {len(content.herbs)} 味 {grams(content.grams_per_dose)}",
        quantity=f"{bags} 袋" if bags else f"{made.doses} 剂",
        each=f"每次 {made.volume_ml} mL", usage=decoction_words(content)["taking"],
        storage=DECOCTED if bags else COOL, dispensed_on=unit.today, is_sample=content.is_sample,
    )  # fmt: skip
