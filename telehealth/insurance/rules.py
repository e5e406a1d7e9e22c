"""Pure decisions: is a split offered, does a split sum to the whole, whose part is whose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from telehealth.core.clock import HospitalDay
from telehealth.core.i18n import N_
from telehealth.core.money import Fen, allocate
from telehealth.family.rules import MayPay
from telehealth.insurance.errors import SplitUnsound
from telehealth.insurance.states import Category, Giveup
from telehealth.rulebook.rules import PolicySet

BEIJING = "beijing"
ELSEWHERE = "elsewhere"
UNINSURED = "none"
#: What a person may say of themselves.
REGIONS = (BEIJING, ELSEWHERE, UNINSURED)

#: First two digits of a division code (GB/T 2260) → the word a policy uses.
_PROVINCES = {"11": BEIJING}


class NotOffered(StrEnum):
    """Why no split is offered; the first that holds, in this order."""

    #: The hospital has no door to the insurer.
    NOT_SERVED = "not_served"
    #: Such a line is paid by oneself online (XY08).
    LINE = "line"
    UNINSURED = "uninsured"
    #: Insured outside the regions of the policy (XY10).
    REGION = "region"
    #: Chronic, maternity or work injury (GS10).
    CATEGORY = "category"
    DOCUMENT = "document"
    #: Nobody said yet where the person is insured.
    UNDECLARED = "undeclared"
    #: The channel must know who pays, and the account never showed it.
    PAYER = "payer"
    #: A relative's fees, at a hospital without the family account (GS12).
    FAMILY_CLOSED = "family_closed"
    #: A relative who is not bound: bind them, or pay oneself (GS01).
    NOT_BOUND = "not_bound"
    NOT_IN_WECHAT = "not_in_wechat"


REASONS = {
    NotOffered.NOT_SERVED: N_("本院尚未开通线上医保支付，本次按自费支付"),
    NotOffered.LINE: N_("这项费用线上支付为自费；需要医保报销，请到医院窗口支付"),
    NotOffered.UNINSURED: N_("没有参加基本医疗保险，本次按自费支付"),
    NotOffered.REGION: N_("参保地不在线上医保结算范围内，本次按自费支付"),
    NotOffered.CATEGORY: N_("门诊慢特病、生育、工伤等待遇类别不能线上结算，本次可以自费支付"),
    NotOffered.DOCUMENT: N_("线上医保支付目前只支持居民身份证，本次可以自费支付"),
    NotOffered.UNDECLARED: N_("请先选择参保地"),
    NotOffered.PAYER: N_("请先在“就诊人”中添加付款人本人的实名信息，再用医保支付"),
    NotOffered.FAMILY_CLOSED: N_("本院尚未开通家庭共济，为家人付款请自费支付，号源仍为您保留"),
    NotOffered.NOT_BOUND: N_(
        "还没有绑定这位家人：绑定家庭共济后可用您的医保支付，也可以现在自费支付，号源仍为您保留"
    ),
    NotOffered.NOT_IN_WECHAT: N_("医保支付需要在微信中进行，请在微信中打开，或自费支付"),
}

GIVEUPS = {
    Giveup.PATIENT: N_("没有授权使用医保，可以改为自费支付，号源仍为您保留"),
    Giveup.EXPIRED: N_("医保授权已过期，请重新授权，或改为自费支付，号源仍为您保留"),
    Giveup.CATEGORY: N_("医保待遇类别不能线上结算，可以改为自费支付，号源仍为您保留"),
    Giveup.REGION: N_("参保地不能在本院线上结算，可以改为自费支付，号源仍为您保留"),
    Giveup.UNINSURED: N_("没有查到医保参保信息，可以改为自费支付，号源仍为您保留"),
    Giveup.INSURER: N_("医保平台没有受理，可以改为自费支付，号源仍为您保留"),
    Giveup.IDENTITY: N_("医保分割金额核对不一致，可以改为自费支付，号源仍为您保留"),
    Giveup.ABANDONED: N_("这次医保授权已不再使用"),
    Giveup.UNBOUND: N_("家庭共济已解除，这次授权已作废，可以改为自费支付，号源仍为您保留"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known when somebody asks for a split. `region` None: nobody said, nobody asked."""

    is_served: bool
    line_kinds: Sequence[str]
    region: str | None
    category: Category | None
    has_resident_id: bool
    is_payer_known: bool
    in_wechat: bool
    #: Whether the payer may stand for this patient.
    may_pay: MayPay = MayPay.OWN


@dataclass(frozen=True, slots=True)
class CoverRuling:
    """`reason` is None when a split is offered."""

    reason: NotOffered | None

    @property
    def offered(self) -> bool:
        return self.reason is None

    @property
    def sentence(self) -> str:
        return REASONS[self.reason] if self.reason else ""

    @property
    def may_declare(self) -> bool:
        """Saying where one is insured would help."""
        return self.reason is NotOffered.UNDECLARED

    @property
    def may_bind(self) -> bool:
        """Binding the relative would help."""
        return self.reason is NotOffered.NOT_BOUND


def rule(standing: Standing, policy: PolicySet) -> CoverRuling:
    """XY07, XY08, XY10, GS09, GS10. What is not settled online is offered at one's own cost."""
    lines = set(standing.line_kinds)
    splits = bool(lines) and lines <= set(policy.insurance.online_split_lines)
    before = ((NotOffered.NOT_SERVED, standing.is_served), (NotOffered.LINE, splits))
    after = (
        (NotOffered.DOCUMENT, standing.has_resident_id),
        (NotOffered.UNDECLARED, standing.region is not None),
        (NotOffered.PAYER, standing.is_payer_known),
        (NotOffered.FAMILY_CLOSED, standing.may_pay is not MayPay.CLOSED),
        (NotOffered.NOT_BOUND, standing.may_pay is not MayPay.NOT_BOUND),
        (NotOffered.NOT_IN_WECHAT, standing.in_wechat),
    )
    place = place_ruling(standing.region, standing.category, policy)
    return CoverRuling(_first_missing(before) or place.reason or _first_missing(after))


def place_ruling(region: str | None, category: Category | None, policy: PolicySet) -> CoverRuling:
    """The part that depends on where and how somebody is insured. None of them is held against anybody:
    a category nobody asked about yet is the insurer's to tell, before anything is paid."""
    return CoverRuling(
        _first_missing(
            (
                (NotOffered.UNINSURED, region != UNINSURED),
                (NotOffered.REGION, region is None or region in policy.insurance.online_split_regions),
                (NotOffered.CATEGORY, category in (None, Category.ORDINARY)),
            )
        )
    )


def _first_missing(conditions: Iterable[tuple[NotOffered, bool]]) -> NotOffered | None:
    return next((reason for reason, holds in conditions if not holds), None)


#: What a refusal means for a cover that had begun.
GIVEN_UP_FOR = {
    NotOffered.UNINSURED: Giveup.UNINSURED,
    NotOffered.REGION: Giveup.REGION,
    NotOffered.CATEGORY: Giveup.CATEGORY,
}


def region_of(division: str) -> str:
    """`110105` → "beijing". An empty code is nobody's place of insurance."""
    if not division:
        return UNINSURED
    return _PROVINCES.get(division[:2], ELSEWHERE)


def settled_as(categories: Sequence[Category]) -> Category | None:
    """The category a visit is settled under: the ordinary one where the person has it (GS09)."""
    if Category.ORDINARY in categories:
        return Category.ORDINARY
    return categories[0] if categories else None


def counts_account_in_fund(division: str, named: Sequence[str]) -> bool:
    """Whether this place's fund amount holds the personal account, too. `130000` names a province."""
    return any(code and division.startswith(code.rstrip("0")) for code in named)


@dataclass(frozen=True, slots=True)
class Parts:
    """Fen. They sum to the whole, or there are none."""

    fund: int
    personal: int
    other: int
    cash: int

    @property
    def total(self) -> int:
        return self.fund + self.personal + self.other + self.cash


def divide(
    total: int, *, fund: int, personal: int, other: int, cash: int, fund_includes_account: bool
) -> Parts:
    """The insurer's amounts as ours, when `total = fund + personal + other + cash` (GD01).

    Raises:
        SplitUnsound: they do not sum to the whole, or one of them is below zero.
    """
    parts = Parts(fund - personal if fund_includes_account else fund, personal, other, cash)
    if parts.total != total or min(parts.fund, personal, other, cash) < 0:
        raise SplitUnsound(total=total, parts=parts.total)
    return parts


def over_lines(amounts: Sequence[int], parts: Parts) -> list[Parts]:
    """Each line's share of each part: lines sum to the parts, and the parts of a line to the line.

    One part after the other is shared by what each line has left, so none gets more than it costs.

    Raises:
        SplitUnsound: lines and parts are not about the same amount.
    """
    if sum(amounts) != parts.total or any(amount < 0 for amount in amounts):
        raise SplitUnsound(total=sum(amounts), parts=parts.total)
    left = list(amounts)
    shares: list[list[int]] = []
    for part in (parts.fund, parts.personal, parts.other):
        share: list[int] = [*allocate(Fen(part), left)] if part else [0] * len(left)
        left = [have - taken for have, taken in zip(left, share, strict=True)]
        shares.append(share)
    return [Parts(*line) for line in zip(*shares, left, strict=True)]


def window_closes(visited_on: HospitalDay, policy: PolicySet) -> HospitalDay:
    """The last day, until 24:00, to pay at the window and be reimbursed; the visit's own does not count."""
    return HospitalDay.fromordinal(visited_on.toordinal() + policy.insurance.offline_reimbursement_days)
