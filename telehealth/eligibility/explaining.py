"""What a patient reads about a rule: what it is, what we saw, what would satisfy it, until when.

Sentences are message ids with named placeholders; the door translates them, then fills them in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from telehealth.eligibility.facts import Check, Decision, GateCode, Outcome, Step


def N_(message: str) -> str:
    return message


@dataclass(frozen=True)
class Sentence:
    """`message` is a gettext id such as "最早 %(date)s 可预约"; `values` fill its placeholders."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, translate: Callable[[str], str] = N_, day: Callable[[date], str] = str) -> str:
        """In the reader's language, days as that language writes them."""
        shown = {
            name: day(value) if isinstance(value, date) else value for name, value in self.values.items()
        }
        return translate(self.message) % shown


@dataclass(frozen=True)
class Explanation:
    code: GateCode
    title: Sentence
    seen: Sentence
    remedy: Sentence
    until: Sentence | None = None


def explain(check: Check) -> Explanation:
    """A failed check in words; also reads well for an open one that a page asks about next."""
    return Explanation(check.code, Sentence(TITLES[check.code]), _seen(check), _remedy(check), _until(check))


def title_of(code: GateCode) -> str:
    """A message id: what a rule says when it refuses."""
    return TITLES[code]


def passed(check: Check) -> Sentence:
    return Sentence(_PASSED[check.code])


def explain_all(decision: Decision) -> tuple[Explanation, ...]:
    """Every failed rule, in the order in which the patient meets them (XY06)."""
    return tuple(explain(check) for check in decision.findings)


def window_notice(decision: Decision) -> Sentence | None:
    """For somebody the gate lets in: the last slot date that the offline visit covers."""
    for check in decision.checks:
        if check.code is GateCode.NO_RECENT_OFFLINE_VISIT and check.outcome is Outcome.PASSED:
            return _until(check)
    return None


TITLES: Mapping[GateCode, str] = {
    GateCode.IDENTITY_UNVERIFIED: N_("还没有完成实名认证"),
    GateCode.CARD_NOT_BOUND: N_("还没有可用的就诊卡"),
    GateCode.AGE_BELOW_MINIMUM: N_("未到线上复诊的最小年龄"),
    GateCode.HIS_UNAVAILABLE: N_("暂时查不到医院的就诊记录"),
    GateCode.NO_RECENT_OFFLINE_VISIT: N_("近期没有在本院看过门诊"),
    GateCode.BANNED: N_("因多次爽约，线上预约暂停"),
    GateCode.NOT_STABLE: N_("线上复诊只适合病情稳定的患者"),
    GateCode.RED_FLAG: N_("您的情况需要当面就医"),
    GateCode.NOTICE_NOT_ACCEPTED: N_("还没有阅读并同意服务须知"),
}

#: For a rule that has nothing against the patient.
_PASSED: Mapping[GateCode, str] = {
    GateCode.IDENTITY_UNVERIFIED: N_("已完成实名认证"),
    GateCode.CARD_NOT_BOUND: N_("就诊卡可用"),
    GateCode.AGE_BELOW_MINIMUM: N_("年龄符合"),
    GateCode.HIS_UNAVAILABLE: N_("已查到医院的就诊记录"),
    GateCode.NO_RECENT_OFFLINE_VISIT: N_("近期在本院看过门诊"),
    GateCode.BANNED: N_("线上预约未被暂停"),
    GateCode.NOT_STABLE: N_("已声明病情稳定"),
    GateCode.RED_FLAG: N_("没有需要急诊的情况"),
    GateCode.NOTICE_NOT_ACCEPTED: N_("已同意服务须知"),
}

_SEEN: Mapping[GateCode, str] = {
    GateCode.IDENTITY_UNVERIFIED: N_("就诊人的姓名和证件还没有核验通过"),
    GateCode.CARD_NOT_BOUND: N_("就诊人在本院没有绑定就诊卡"),
    GateCode.AGE_BELOW_MINIMUM: N_("就诊当天 %(age)s 岁，需满 %(minimum)s 岁"),
    GateCode.HIS_UNAVAILABLE: N_("医院系统没有应答，我们没有看到您的门诊记录"),
    GateCode.NO_RECENT_OFFLINE_VISIT: N_("最近一次计入的门诊是 %(last_visit)s，有效期 %(months)s 个月"),
    GateCode.BANNED: N_("停约到 %(until)s 24:00"),
    GateCode.NOT_STABLE: N_("您选择了病情不稳定或有新的变化"),
    GateCode.RED_FLAG: N_("您的回答中有 %(count)s 项需要尽快处理的情况"),
    GateCode.NOTICE_NOT_ACCEPTED: N_("服务须知有新的版本，或您还没有同意"),
}

_UNSEEN: Mapping[GateCode, str] = {
    GateCode.IDENTITY_UNVERIFIED: N_("实名信息里没有出生日期"),
    GateCode.CARD_NOT_BOUND: N_("就诊卡没有关联社保卡"),
    GateCode.NO_RECENT_OFFLINE_VISIT: N_("没有找到已完成的本院门诊；住院、急诊、外院和线上就诊不计入"),
    GateCode.BANNED: N_("没有设定恢复日期"),
    GateCode.NOT_STABLE: N_("病情声明或问题还没有答完"),
}

_REMEDIES: Mapping[Step, str] = {
    Step.VERIFY_IDENTITY: N_("请先完成实名认证，也可以带证件到服务台办理"),
    Step.BIND_CARD: N_("请绑定在本院用过的就诊卡或医保卡"),
    Step.LINK_CARD: N_("请先把就诊卡关联社保卡"),
    Step.WAIT_UNTIL: N_("最早可预约 %(date)s 的号；在此之前请到医院就诊"),
    Step.SEE_A_DOCTOR_HERE: N_("请先在本院看一次门诊，可以现在预约线下挂号"),
    Step.CHOOSE_AN_EARLIER_SLOT: N_("请选择 %(until)s 或更早的号，或先在本院看一次门诊"),
    Step.WE_CHECK_AGAIN: N_("可以先留号，不收费；系统恢复后我们会自动核验并通知您"),
    Step.BOOK_ANOTHER_WAY: N_("请预约线下门诊，由医生当面评估"),
    Step.ANSWER_QUESTIONS: N_("请答完病情声明和每一个问题"),
    Step.SEEK_EMERGENCY_CARE: N_("请立即拨打急救电话或到最近的急诊，不要等待线上就诊"),
    Step.ACCEPT_NOTICE: N_("请阅读并同意当前的服务须知"),
}

_BAN_ENDS = N_("%(date)s 起恢复线上预约；窗口和电话预约不受影响，也可以申诉")
_BAN_STAYS = N_("窗口和电话预约不受影响，也可以申诉")
_UNTIL = N_("这次门诊可用于 %(until)s（含）以前的号")
_UNTIL_PASSED = N_("这次门诊的有效期到 %(until)s 为止")


def _seen(check: Check) -> Sentence:
    """What was looked at; the "unseen" sentence where there was nothing to look at."""
    if _is_unseen(check):
        return Sentence(_UNSEEN[check.code])
    values = dict(check.seen)
    if check.code is GateCode.RED_FLAG:
        # A stored decision keeps how many, not which.
        flags = check.seen.get("flags", ())
        values = {"count": check.seen.get("count", len(flags) if isinstance(flags, tuple) else 0)}
    return Sentence(_SEEN[check.code], values)


def _is_unseen(check: Check) -> bool:
    by_code = {
        GateCode.IDENTITY_UNVERIFIED: "birth_date" in check.seen,
        GateCode.CARD_NOT_BOUND: check.step is Step.LINK_CARD,
        GateCode.NO_RECENT_OFFLINE_VISIT: check.seen.get("last_visit") is None,
        GateCode.BANNED: check.seen.get("until") is None,
        GateCode.NOT_STABLE: check.step is Step.ANSWER_QUESTIONS,
    }
    return by_code.get(check.code, False)


def _remedy(check: Check) -> Sentence:
    values = {"date": check.satisfied_from, "until": check.satisfied_until}
    if check.code is GateCode.BANNED:
        return Sentence(_BAN_STAYS if check.satisfied_from is None else _BAN_ENDS, values)
    return Sentence(_REMEDIES[check.step or Step.BOOK_ANOTHER_WAY], values)


def _until(check: Check) -> Sentence | None:
    if check.satisfied_until is None:
        return None
    message = _UNTIL if check.outcome is Outcome.PASSED else _UNTIL_PASSED
    return Sentence(message, {"until": check.satisfied_until})
