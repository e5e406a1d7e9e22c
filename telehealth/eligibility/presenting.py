"""From a decision to what its page shows: finished words, no codes for a template to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from telehealth.directory import Hospital, HospitalSwitch
from telehealth.eligibility.explaining import explain, passed, window_notice
from telehealth.eligibility.facts import Check, Decision, GateCode, Outcome, Stage, Step
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.schemas import Reader
from telehealth.rulebook.rules import ClinicKind

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RuleCard:
    """`state` is the look: ok, no or wait."""

    state: str
    title: str
    seen: str = ""
    remedy: str = ""
    when: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A next step the patient can take from here."""

    title: str
    text: str
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Verdict:
    state: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    verdict: Verdict
    rules: tuple[RuleCard, ...]
    #: What speaks for the patient, folded away when something speaks against.
    fulfilled: tuple[RuleCard, ...]
    ways: tuple[Way, ...]
    #: Where the road goes on; empty when it ends here or questions are still open.
    onward: str
    asks_questions: bool
    is_refused: bool


def result(row: GateDecision, place: Hospital, reader: Reader, rest: Pairs) -> Result:
    decision = Decision.of_record(row.result)
    is_refused = not row.allowed and not row.pending
    asks = not is_refused and row.clinic_kind is ClinicKind.INTERNET and not _has_declared(row)
    return Result(
        verdict=_verdict(row, decision, reader),
        rules=tuple(_card(check, reader) for check in decision.findings),
        fulfilled=tuple(
            RuleCard("ok", passed(check).said(reader.translate), until=_until(check, reader))
            for check in decision.checks
            if check.outcome is Outcome.PASSED
        ),
        ways=_ways(row, decision, place, reader, rest) if is_refused else (),
        onward="" if is_refused or asks else onward(row, place, rest),
        asks_questions=asks,
        is_refused=is_refused,
    )


def onward(row: GateDecision, place: Hospital, rest: Pairs) -> str:
    """To the seats, with the check that opens them."""
    return f"/h/{place.code}/book?{urlencode([*known(row), *rest])}"


def known(row: GateDecision) -> Pairs:
    return [("person", str(row.person_id)), ("kind", str(row.clinic_kind)), ("check", str(row.id))]


def _has_declared(row: GateDecision) -> bool:
    return row.stage in (Stage.RED_FLAGS, Stage.FORM) and row.declared.stable is not None


def _verdict(row: GateDecision, decision: Decision, reader: Reader) -> Verdict:
    _ = reader.translate
    if row.pending:
        text = _("医院系统暂时没有应答。可以先留号，核实之前不收费；核实结果会通知您。")
        return Verdict("wait", _("待医院系统核实"), text)
    if not row.allowed:
        return Verdict("no", _("暂时不能线上复诊"), _("下面逐条说明原因，以及怎样可以满足。"))
    window = window_notice(decision)
    if row.slot_date is None and decision.satisfied_until is not None:
        text = _("可预约到 %(date)s") % {"date": reader.day(decision.satisfied_until)}
    else:
        text = window.said(_, reader.day) if window else ""
    if row.clinic_kind is ClinicKind.OFFLINE:
        return Verdict("ok", _("可以预约线下门诊"), "")
    return Verdict("ok", _("符合线上复诊的条件"), text)


def _card(check: Check, reader: Reader) -> RuleCard:
    words, _ = explain(check), reader.translate
    return RuleCard(
        "wait" if check.code is GateCode.HIS_UNAVAILABLE else "no",
        words.title.said(_, reader.day),
        words.seen.said(_, reader.day),
        words.remedy.said(_, reader.day),
        when=reader.day(check.satisfied_from) if check.satisfied_from else "",
        until=_until(check, reader),
    )


def _until(check: Check, reader: Reader) -> str:
    return reader.day(check.satisfied_until) if check.satisfied_until else ""


def _ways(
    row: GateDecision, decision: Decision, place: Hospital, reader: Reader, rest: Pairs
) -> tuple[Way, ...]:
    """Steps that would help, most direct first. Nobody with a red flag is offered a booking (XY04)."""
    if GateCode.RED_FLAG in decision.codes:
        return ()
    _, steps = reader.translate, {check.step for check in decision.findings}
    person, here = str(row.person_id), again(row, place, rest)
    ways = []
    if Step.VERIFY_IDENTITY in steps:
        text = _("核验姓名和证件后，再回来检查。")
        ways.append(Way(_("完成实名认证"), text, f"/people/{person}", _("去认证")))
    if Step.BIND_CARD in steps:
        href = f"/h/{place.code}/cards/new?{urlencode({'person': person, 'next': here})}"
        text = _("绑定在本院用过的就诊卡或医保卡后，再回来检查。")
        ways.append(Way(_("绑定就诊卡"), text, href, _("去绑卡")))
    if steps & _IN_PERSON and place.has(HospitalSwitch.OFFLINE_REGISTRATION):
        href = f"/h/{place.code}/book?{urlencode({'kind': 'offline', 'person': person})}"
        text = _("不需要近期门诊记录，到院由医生当面诊治。")
        ways.append(Way(_("线下门诊挂号"), text, href, _("预约线下门诊")))
    return tuple(ways)


#: A visit in person answers these (SJ01).
_IN_PERSON = frozenset({
    Step.SEE_A_DOCTOR_HERE, Step.CHOOSE_AN_EARLIER_SLOT, Step.WAIT_UNTIL, Step.BOOK_ANOTHER_WAY,
    Step.BIND_CARD,
})  # fmt: skip


def again(row: GateDecision, place: Hospital, rest: Pairs) -> str:
    """This very check, made anew."""
    return f"/h/{place.code}/check?{urlencode([*known(row)[:2], *rest])}"
