"""What a sheet must say before it may be signed: REG 18, 21, 22, 24, 25, 27, 35, 36."""

from collections.abc import Sequence

from prescriptions.models import Line, Prescription
from prescriptions.states import SheetKind
from prescriptions.writing.content import PadContent
from telehealth.core.i18n import N_
from telehealth.rulebook.rules import PolicySet

_FILL = N_("请填写此项")


def lacking(
    rx: Prescription, lines: Sequence[Line], content: PadContent, policy: PolicySet
) -> dict[str, str]:
    """Field → sentence; empty when nothing is missing."""
    is_herb = rx.kind is SheetKind.HERB
    found: dict[str, str] = {}
    if not lines:
        found["lines"] = N_("处方上还没有药品")
    if not content.diagnoses:
        found["facts.diagnoses"] = N_("请选择临床诊断")
    if not content.allergies_reviewed:
        found["facts.allergies_reviewed"] = N_("请与患者核对过敏史")
    if not content.fee_class:
        found["facts.fee_class"] = _FILL
    if is_herb and not content.tcm_disease:
        found["facts.tcm_disease"] = N_("中药处方须写明中医病名")
    if is_herb and not content.tcm_syndrome:
        found["facts.tcm_syndrome"] = N_("中药处方须写明证型")
    for place, line in enumerate(lines):
        wanted = _herb_fields(line) if is_herb else _medicine_fields(line)
        found |= {f"lines.{place}.{name}": _FILL for name in wanted}
    return found | _long_supply(lines, content, policy)


def unconfirmed(lines: Sequence[Line]) -> list[str]:
    """Ids of copied lines that nobody confirmed since (REG 18)."""
    return [str(line.id) for line in lines if line.copied and not line.confirmed]


def longest_days(lines: Sequence[Line]) -> int:
    return max((line.days for line in lines), default=0)


def _long_supply(lines: Sequence[Line], content: PadContent, policy: PolicySet) -> dict[str, str]:
    days, found = longest_days(lines), {}
    if days > policy.prescription.general_max_days:
        if not content.supply_reason:
            found["facts.supply_reason"] = N_("用量超过 7 天，请写明理由")
        if not content.assessment:
            found["facts.assessment"] = N_("长期处方须先评估病情，请写明评估结果")
    if days > policy.prescription.long_rx_days and not content.stable:
        found["facts.stable"] = N_("用量超过 28 天，须评估为病情稳定")
    return found


def _herb_fields(line: Line) -> list[str]:
    return [name for name, is_there in (("grams", line.grams), ("role", line.role)) if not is_there]


def _medicine_fields(line: Line) -> list[str]:
    wanted = (
        ("dose", line.dose), ("frequency", line.frequency), ("days", line.days), ("route", line.route),
        ("quantity", line.quantity),
    )  # fmt: skip
    return [name for name, is_there in wanted if not is_there]
