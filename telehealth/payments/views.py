"""Rows and steps as pages show them: finished values, no states to compare."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from telehealth.core.i18n import N_, format_day, format_fen, format_instant
from telehealth.payments.models import ChargeLine, RefundLeg
from telehealth.payments.queries import RefundSteps
from telehealth.payments.sharing_bills import called
from telehealth.payments.states import LegState
from telehealth.payments.wording import HAND_OUT, LEG_KINDS, LEG_STATES

Words = Callable[[str], str]

_ASKED = N_("已申请退款")
_BACK = N_("全部退回")
_BY = N_("预计最迟 %(day)s 到账，节假日顺延")


def line_rows(
    lines: Sequence[ChargeLine], lang: str, _: Words, *, named: bool = True
) -> list[dict[str, Any]]:
    """`named`: whether the reader may read what was dispensed or examined (GS01)."""
    return [
        {
            "what": _(called(line, named=named)),
            "amount": format_fen(line.amount, lang),
            "insured": format_fen(line.fund + line.personal + line.other, lang),
            "cash": format_fen(line.amount - line.fund - line.personal - line.other, lang),
        }
        for line in lines
    ]


def refund_steps(found: RefundSteps, _: Words, lang: str) -> list[dict[str, Any]]:
    """A timeline: asked for, each leg, all of it back."""
    refund = found.refund
    last = {"title": _(_BACK), "state": "done" if refund.settled_at else ""}
    if refund.settled_at is None:
        last["text"] = _(_BY) % {"day": format_day(refund.expected_by, lang)}
    return [
        {"title": _(_ASKED), "state": "done", "when": _when(refund.requested_at, lang)},
        *(_leg(leg, _, lang) for leg in found.legs),
        last,
    ]


def _leg(leg: RefundLeg, _: Words, lang: str) -> dict[str, Any]:
    states = {LegState.SETTLED: "done", LegState.WAITING: ""}
    label = HAND_OUT if leg.party == "desk" else LEG_KINDS[leg.kind]
    name = _(label)
    return {
        "title": f"{name} {format_fen(leg.amount, lang)}" if leg.amount else name,
        "text": leg.received_by or _(LEG_STATES[leg.state]),
        "state": states.get(leg.state, "now"),
        "when": _when(leg.settled_at or leg.sent_at, lang),
    }


def _when(at: datetime | None, lang: str) -> str:
    return format_instant(at, lang) if at else ""
