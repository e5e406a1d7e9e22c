"""What the demo's medicines look like on the first day: sheets at every stage between pad and door.

Written, signed, passed, paid and dispensed by the verbs of doctor, pharmacist, patient and pharmacy. Each
belongs to one sample visit and is played while that visit is open, once: nothing here runs a second time.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import structlog

from prescriptions.models import Prescription
from prescriptions.pharmacy import (
    checking,
    claiming,
    decocting,
    handing,
    packing,
    picking,
    shipping,
    tracking,
)
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.reactions.reporting import Told, report
from prescriptions.reactions.states import Severity as ReactionSeverity
from prescriptions.reactions.states import Taking
from prescriptions.reviewing import answering
from prescriptions.settling import Address, charging, choosing, fulfilment
from prescriptions.states import SheetKind
from prescriptions.stock import lots_of, pharmacy
from prescriptions.writing import drafting, signing
from prescriptions.writing.content import SavePad
from prescriptions.writing.sheeting import Press
from telehealth.core.access import Actor
from telehealth.core.clock import hospital_day
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.core.stage import Stage
from telehealth.core.unit import Units
from telehealth.patients.permitting import permit_medicine_check

log = structlog.get_logger(__name__)

PHARMACIST = "pharmacist.yunan"
DESK = "desk.yunan"
#: By pharmacy: who picks, who checks.
PAIRS = {"main": ("pharmacy.yunan", "check.yunan"), "east": ("pharmacy.east", "check.east")}
#: How far the parcel on its way has come, as the sandbox courier calls it.
ON_ITS_WAY = ("pick_up", "in_transit", "arrive")

_FACTS: Mapping[str, Any] = {
    "weight_kg": "66", "egfr": "88", "allergies_reviewed": True, "pregnant": "no", "lactating": "no",
    "supply_reason": "慢性病长期用药，病情稳定", "assessment": "近三周血压记录平稳，无不适",
    "stable": True,
}  # fmt: skip
_AMLODIPINE = {"drug_code": "W001", "dose": "5", "frequency": "qd", "days": 28, "timing": "晨起"}
_VALSARTAN = {"drug_code": "W003", "dose": "80", "frequency": "qd", "days": 28, "timing": "晨起"}
_METFORMIN = {"drug_code": "W013", "dose": "500", "frequency": "bid", "days": 24, "timing": "随餐"}
#: 酸枣仁, 茯苓, 川芎, 甘草.
_SLEEP = (
    {"drug_code": "H034", "grams": "15", "role": "jun", "special": "捣碎"},
    {"drug_code": "H005", "grams": "12", "role": "chen"},
    {"drug_code": "H008", "grams": "6", "role": "zuo"},
    {"drug_code": "H006", "grams": "6", "role": "shi"},
)
#: 天麻, 钩藤, 白芍, 陈皮.
_DIZZY = (
    {"drug_code": "H032", "grams": "10", "role": "jun"},
    {"drug_code": "H033", "grams": "12", "role": "chen", "special": "后下"},
    {"drug_code": "H009", "grams": "12", "role": "zuo"},
    {"drug_code": "H018", "grams": "6", "role": "shi"},
)
_AT_HOME = {
    "mobile": "13800000124", "province": "浙江省", "city": "云安市", "county": "望江区",
    "street": "样例路 12 号 3 幢 502 室",
}  # fmt: skip
_BADLY = "样例：上个月吃同一种药，脚踝肿得厉害，停药后慢慢消了；这次的药还没有取，想先问问。"
_RETURNED = "两张处方同日开出的降压药合计剂量，请在处方备注中写明血压目标与复测时间。"


@dataclass(frozen=True, slots=True)
class _Sheet:
    stage: Stage
    id: UUID

    @property
    def units(self) -> Units:
        return self.stage.units

    @property
    def press(self) -> Press:
        return Press(public_url=self.stage.public_url, is_sample=True)

    async def passes(self) -> None:
        await answering.pass_sheet(
            self.units,
            await self.stage.staff(PHARMACIST),
            self.id,
            issue=1,
            acknowledged=(),
            press=self.press,
        )

    async def returns(self, reason: str) -> None:
        async with self.units.of(await self.stage.staff(PHARMACIST)) as unit:
            await answering.return_sheet(unit, self.id, issue=1, reason=reason)

    async def is_paid_for_courier(self, name: str) -> None:
        patient = self.stage.patient
        address = Address.model_validate({**_AT_HOME, "name": name})
        await choosing.choose_courier(self.units, patient, self.id, address, agreed=True)
        async with self.units.of(patient) as unit:
            charge = await charging.open_charge(unit, self.id)
        await self.stage.pay(charge.id)

    async def is_paid_at_window(self, total: int) -> None:
        await choosing.choose_window(self.units, self.stage.patient, self.id)
        async with self.units.of(await self.stage.staff(DESK)) as unit:
            await charging.pay_at_window(unit, self.id, received=total)

    async def is_picked(self) -> Actor:
        """Whoever has to check it."""
        picks, checks = await self._pair()
        async with self.units.of(picks) as unit:
            order = await claiming.claim(unit, picks, self.id)
            wanted = await picking.needs(unit, self.id)
            for lot in await lots_of(unit, order.pharmacy_id, list(wanted)):
                if wanted[lot.drug_code] > 0:
                    taken = await picking.scan(unit, picks, self.id, f"{lot.drug_code}/{lot.lot_number}")
                    wanted[lot.drug_code] -= taken.quantity
        await picking.finish_checked(self.units, picks, self.id)
        return checks

    async def is_cooking(self) -> None:
        checks = await self.is_picked()
        async with self.units.of(checks) as unit:
            await decocting.start(unit, checks, self.id, pot="3 号煎药机")

    async def is_packed(self, *, sent: bool = False) -> Actor:
        checks = await self.is_picked()
        async with self.units.of(checks) as unit:
            await checking.check(unit, checks, self.id, MATCHES)
        if sent:
            await shipping.book_as(self.units, checks, self.id)
        async with self.units.of(checks) as unit:
            await packing.pack(unit, checks, self.id)
        return checks

    async def is_on_its_way(self) -> None:
        checks = await self.is_packed(sent=True)
        parcel = await shipping.book_as(self.units, checks, self.id)
        async with self.units.of(checks) as unit:
            await handing.hand_over(unit, checks, self.id, parcel.waybill)
        async with httpx2.AsyncClient(timeout=5) as http:
            for move in ON_ITS_WAY:
                # Nobody here listens to pushes yet, so the house asks.
                said = {"move": move, "push": False}
                moves = f"{self.stage.sandbox_url}/sf/parcels/{parcel.waybill}/moves"
                (await http.post(moves, json=said)).raise_for_status()
        await tracking.look(self.units, parcel.id)

    async def _pair(self) -> tuple[Actor, Actor]:
        async with self.units.system("demo") as unit:
            way = await fulfilment(unit, self.id)
            if way is None:
                raise LookupError("a paid sheet has a way")
            place = await pharmacy(unit, way.pharmacy_id)
        picks, checks = PAIRS[place.code]
        return await self.stage.staff(picks), await self.stage.staff(checks)


async def play_scene(stage: Stage) -> None:
    """What belongs to this visit; a step that fails ends its sheet where it is."""
    sheets = SCENES.get(stage.phone, ())
    if not sheets:
        return
    async with stage.units.of(stage.patient) as unit:
        await permit_medicine_check(unit, stage.person_id)
    for scene in sheets:
        try:
            await scene(stage)
        except (DomainError, httpx2.HTTPError, LookupError) as error:
            log.warning("demo.sheet_left_out", scene=scene.__name__, error=str(error))


async def _signed(
    stage: Stage, lines: Sequence[Mapping[str, Any]], kind: SheetKind = SheetKind.WESTERN, **facts: Any
) -> tuple[_Sheet, Prescription]:
    async with stage.units.of(stage.doctor) as unit:
        rx = await drafting.open_pad(unit, stage.room, kind)
    edit = {
        "version": rx.version,
        "page": "demo",
        "facts": {**_FACTS, **facts},
        "lines": [{"id": str(new_id()), **line} for line in lines],
    }
    async with stage.units.of(stage.doctor) as unit:
        rx = await drafting.save(unit, rx.id, SavePad.model_validate(edit))
    sheet = _Sheet(stage, rx.id)
    rx = await signing.sign(stage.units, stage.doctor, rx.id, version=rx.version, press=sheet.press)
    return sheet, rx


async def _waits_for_the_pharmacist(stage: Stage) -> None:
    facts = {
        "diagnoses": ["G47.0"], "tcm_disease": "TD04", "tcm_syndrome": "TS17",
        "weight_kg": "52", "egfr": "68", "allergy_classes": ["penicillin"], "supply_reason": "",
    }  # fmt: skip
    await _signed(stage, _SLEEP, SheetKind.HERB, **facts)


async def _is_payable(stage: Stage) -> None:
    sheet, _ = await _signed(stage, [_AMLODIPINE], diagnoses=["I10"])
    await sheet.passes()


async def _came_back(stage: Stage) -> None:
    sheet, _ = await _signed(stage, [_VALSARTAN], diagnoses=["I10"])
    await sheet.returns(_RETURNED)


async def _is_on_its_way(stage: Stage) -> None:
    sheet, _ = await _signed(stage, [_VALSARTAN], diagnoses=["I10"])
    await sheet.passes()
    await sheet.is_paid_for_courier("丁文华")
    await sheet.is_on_its_way()


async def _waits_at_the_window(stage: Stage) -> None:
    sheet, rx = await _signed(stage, [_AMLODIPINE], diagnoses=["I10"])
    await sheet.passes()
    await sheet.is_paid_at_window(rx.total)
    await sheet.is_packed()
    told = Told(
        ("W001",), _BADLY, hospital_day(stage.units.clock.business()), ReactionSeverity.MODERATE,
        Taking.STOPPED, new_id(),
    )  # fmt: skip
    async with stage.units.of(stage.patient) as unit:
        await report(unit, stage.patient, rx.id, told)


async def _is_in_the_queue(stage: Stage) -> None:
    sheet, _ = await _signed(stage, [_METFORMIN], diagnoses=["E11.9"])
    await sheet.passes()
    await sheet.is_paid_for_courier("苏玉梅")


async def _is_cooking(stage: Stage) -> None:
    facts = {"diagnoses": ["I10"], "tcm_disease": "TD01", "tcm_syndrome": "TS01", "supply_reason": ""}
    sheet, _ = await _signed(stage, _DIZZY, SheetKind.HERB, **facts)
    await sheet.passes()
    await sheet.is_paid_for_courier("苏玉梅")
    await sheet.is_cooking()


#: By the phone of who is seen; told apart there as sample patients are (telehealth.demo.accounts).
SCENES: Mapping[str, Sequence[Callable[[Stage], Awaitable[None]]]] = {
    "13800000103": (_waits_for_the_pharmacist,),
    "13800000111": (_is_payable, _came_back),
    "13800000124": (_is_on_its_way, _waits_at_the_window),
    "13800000125": (_is_in_the_queue, _is_cooking),
}
