"""Pure decisions of the room: what counts as a doctor's own words, who may call, what comes next."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.consultations.states import ConsultationState
from telehealth.core.clock import HospitalDay, day_end
from telehealth.core.seats import Role, Side

#: After the service desk was told of an unfinished visit, the doctor has this long.
LAST_CHANCE = timedelta(days=1)

#: Said to everybody, so they show nothing of this patient (XY13). Compared without blanks and marks.
GREETINGS = frozenset(
    "您好 你好 您好我是您的医生 你好我是你的医生 我是您的医生 早上好 上午好 中午好 下午好 "
    "晚上好 您好请稍等 你好请稍等 请稍等 稍等 稍等一下 请等一下 马上 马上来 在吗 在 在的 好 "
    "好的 收到 嗯 嗯嗯 谢谢 不客气 再见 请讲 请说 您请讲 有什么可以帮您 请问有什么可以帮您 "
    "请问有什么可以帮到您 您好请问有什么可以帮您 hi hello ok okay thanks thankyou "
    "goodmorning goodafternoon goodevening pleasewait oneminute oneminuteplease howcanihelp "
    "howcanihelpyou".split()
)

_MARKS = re.compile(r"[\W_]+")


def bare(text: str) -> str:
    """Letters and digits alone, in one width and case: what two greetings have in common."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())


def is_own_text(kind: str, text: str, quick_replies: Iterable[str]) -> bool:
    """Whether a doctor's message shows that they attended: no quick reply, no greeting, no marks alone."""
    said = bare(text)
    prepared = {bare(reply) for reply in quick_replies}
    return kind == "text" and bool(said) and said not in GREETINGS and said not in prepared


def may_write(state: ConsultationState, side: Side) -> bool:
    """The patient's side from payment on (XY25, XY27), the doctor's from admission on."""
    if state is ConsultationState.ADMITTED:
        return True
    return state is ConsultationState.WAITING and side is Side.PATIENT


@dataclass(frozen=True, slots=True)
class CallRule:
    may_call: bool
    records: bool
    #: "" when they may call; else "over", "not_admitted", "not_agreed", "asked".
    refusal: str


def call_rule(state: ConsultationState, *, recorded: bool, answers: Mapping[str, bool]) -> CallRule:
    """`recorded`: the hospital records calls; `answers`: role → what it answered last (REG50).

    Without both sides' consent there is no call, and the visit goes on in writing.
    """
    if state is ConsultationState.WAITING:
        return CallRule(False, False, "not_admitted")
    if state is not ConsultationState.ADMITTED:
        return CallRule(False, False, "over")
    if not recorded:
        return CallRule(True, False, "")
    said = [answers.get(str(role)) for role in (Role.PATIENT, Role.DOCTOR)]
    if False in said:
        return CallRule(False, False, "not_agreed")
    if None in said:
        return CallRule(False, False, "asked")
    return CallRule(True, True, "")


def next_step(state: ConsultationState, side: Side, call: CallRule) -> str:
    """What this side does now, as a code; the words are in `presenting`."""
    if state is ConsultationState.WAITING:
        return "prepare" if side is Side.PATIENT else "admit"
    if state is not ConsultationState.ADMITTED:
        return "read"
    if call.refusal == "asked":
        return "answer_consent"
    return "talk" if side is Side.PATIENT else "conclude"


def desk_from(day: HospitalDay, unfinished_after_days: int) -> datetime:
    """When an attended visit without a signed note becomes the service desk's task (XY13)."""
    return day_end(day + timedelta(days=unfinished_after_days))


def refunded_from(day: HospitalDay, unfinished_after_days: int) -> datetime:
    """When all of the fee of such a visit goes back."""
    return desk_from(day, unfinished_after_days) + LAST_CHANCE
