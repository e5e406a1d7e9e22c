"""What finance pages show: finished words and amounts, one mapping a row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from telehealth.core.i18n import N_, format_clock, format_day, format_fen, format_instant
from telehealth.ledger.statements import AccountLine, EntryLine
from telehealth.payments.comparing import DifferenceKind, matched
from telehealth.payments.finance_queries import DayTotal
from telehealth.payments.models import Charge, Difference, PayOrder, ProviderNotice
from telehealth.payments.party_books import PartyBooks
from telehealth.payments.queries import RefundSteps
from telehealth.payments.reconciliation_queries import PAYMENT, REFUND
from telehealth.payments.states import LegState, RefundState
from telehealth.payments.views import refund_steps
from telehealth.payments.wording import (
    ACCOUNTS,
    DIFFERENCE_KINDS,
    EVENTS,
    ORDER_TYPES,
    PARKED_WORDS,
    PARTIES,
    REFUND_REASONS,
    REFUND_STATES,
    VERDICTS,
    WAYS,
)

ROOT = "/staff/money"


@dataclass(frozen=True, slots=True)
class Speech:
    """How to say it to this reader."""

    words: Callable[[str], str]
    lang: str

    def fen(self, amount: int | None) -> str:
        return "" if amount is None else format_fen(amount, self.lang)

    def some(self, amount: int) -> str:
        """Nothing is a dash: columns of zeros hide what counts."""
        return format_fen(amount, self.lang) if amount else "–"


@dataclass(slots=True)
class Column:
    """One of the three books of a day."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    #: (kind of tag, words).
    tag: tuple[str, str] = ("", "")
    party: str = ""
    may_fetch: bool = False


def total_rows(totals: Iterable[DayTotal], say: Speech) -> list[dict[str, str]]:
    return [
        {
            "way": say.words(WAYS[line.way]),
            "kind": say.words(ORDER_TYPES[line.order_type]),
            "orders": str(line.orders or "–"),
            "cash": say.some(line.cash),
            "insured": say.some(line.insured),
            "refunds": str(line.refunds or "–"),
            "back": say.some(line.back),
        }
        for line in totals
    ]


def our_column(totals: Sequence[DayTotal], say: Speech) -> Column:
    _ = say.words
    return Column(
        _(N_("我方账本")),
        [
            (_(N_("收款笔数")), str(sum(line.orders for line in totals))),
            (_(N_("收款")), say.fen(sum(line.paid for line in totals))),
            (_(N_("其中医保")), say.fen(sum(line.insured for line in totals))),
            (_(N_("退款笔数")), str(sum(line.refunds for line in totals))),
            (_(N_("已退回")), say.fen(sum(line.back for line in totals))),
        ],
    )


def their_column(found: PartyBooks, say: Speech) -> Column:
    """Theirs beside what we expected of them."""
    party, books = found.party, found.books
    _, title = say.words, say.words(_BILLS.get(party, PARTIES[party]))
    ours = (_(N_("我方应有")), _sums(books.due, say))
    if found.fetched_at is None:
        missing = ("warn", _(N_("账单未取到"))) if found.is_due else ("", _(N_("次日 10:30 取账")))
        return Column(title, [ours], missing, party, found.is_due)
    agreed, lines = matched(books), len(books.theirs)
    whole = agreed == lines and not (books.due.keys() - books.theirs.keys() - books.elsewhere)
    rows = [
        ours,
        (_(N_("对方账单")), _sums(books.theirs, say)),
        (_(N_("逐笔相符")), f"{agreed} / {lines}"),
        (_(N_("手续费")), say.fen(found.fees)),
        (_(N_("取账时间")), format_instant(found.fetched_at, say.lang)),
    ]
    tag = ("ok", _(N_("相符"))) if whole else ("danger", _(N_("有差异")))
    return Column(title, rows, tag, party, may_fetch=True)


def difference_rows(rows: Iterable[Difference], today: date, say: Speech) -> list[dict[str, Any]]:
    return [difference_row(row, today, say) for row in rows]


def difference_row(row: Difference, today: date, say: Speech) -> dict[str, Any]:
    _ = say.words
    label, tone = DIFFERENCE_KINDS[DifferenceKind(row.kind)]
    is_open = row.resolved_at is None
    return {
        "id": row.id,
        "reference": _(N_("手续费")) if row.reference == "fees" else row.reference,
        "href": f"{ROOT}/differences/{row.id}",
        "day": format_day(row.day, say.lang, "numeric"),
        "party": _(PARTIES[row.party]),
        "kind": _(label),
        "tone": tone if is_open else "ok",
        "ours": say.fen(row.ours) or "–",
        "theirs": say.fen(row.theirs) or "–",
        "age": str((today - row.day).days) if is_open else "",
        "owner": row.owner_name or ("–" if not is_open else _(N_("无人负责"))),
        "is_owned": bool(row.owner_name),
        "notes": [_(line) for line in row.note.splitlines()],
        "is_open": is_open,
        "resolved": format_instant(row.resolved_at, say.lang) if row.resolved_at else "",
        "found": format_instant(row.found_at, say.lang),
    }


def order_rows(rows: Iterable[tuple[PayOrder, Charge]], say: Speech) -> list[dict[str, str]]:
    _ = say.words
    return [
        {
            "number": order.out_trade_no,
            "time": format_clock(order.paid_at, say.lang) if order.paid_at else "",
            "kind": _(ORDER_TYPES[charge.order_type]),
            "way": _(WAYS[order.way]),
            "total": say.fen(order.total),
            "cash": say.fen(order.cash),
            "insured": say.some(order.insured),
            "theirs": order.transaction_id or "–",
        }
        for order, charge in rows
    ]


def differing_orders(rows: Iterable[tuple[PayOrder, Charge]], say: Speech) -> list[dict[str, str]]:
    return [
        {
            "number": order.out_trade_no,
            "kind": say.words(ORDER_TYPES[charge.order_type]),
            "ours": say.fen(order.answer["differs"]["ours"]),
            "theirs": say.fen(order.answer["differs"]["theirs"]) or "–",
            "at": format_instant(order.created_at, say.lang),
        }
        for order, charge in rows
    ]


def notice_rows(rows: Iterable[ProviderNotice], say: Speech) -> list[dict[str, str]]:
    _ = say.words
    return [
        {
            "at": format_instant(row.received_at, say.lang),
            "party": _(PARTIES.get(row.provider, row.provider)),
            "verdict": _(VERDICTS.get(row.verdict, row.verdict)),
            "reference": row.reference or "–",
        }
        for row in rows
    ]


def refund_row(found: RefundSteps, say: Speech) -> dict[str, Any]:
    _, refund = say.words, found.refund
    label, tone = REFUND_STATES[refund.state]
    return {
        "number": refund.number,
        "number_href": f"{ROOT}/refunds/{refund.id}",
        "amount": say.fen(refund.amount),
        "why": _(REFUND_REASONS[refund.reason]),
        "state": _(label),
        "tone": tone,
        "asked": format_instant(refund.requested_at, say.lang),
        "by": format_day(refund.expected_by, say.lang, "short"),
        "waits": parked_words(found, _),
    }


def parked_words(found: RefundSteps, _: Callable[[str], str]) -> str:
    """Why it waits for a person; a word of the party's own is shown as it came."""
    if found.refund.state is not RefundState.PARKED:
        return ""
    words = [leg.word or "" for leg in found.legs if leg.state is LegState.PARKED]
    return "; ".join(_(PARKED_WORDS.get(word, word)) for word in words)


def steps_for_staff(found: RefundSteps, say: Speech) -> list[dict[str, Any]]:
    """The patient's timeline, except that a parked step says what staff are to do."""
    steps = refund_steps(found, say.words, say.lang)
    for leg, step in zip(found.legs, steps[1:], strict=False):
        if leg.state is LegState.PARKED:
            step["text"] = say.words(PARKED_WORDS.get(leg.word or "", leg.word or ""))
    return steps


def balance_rows(lines: Iterable[AccountLine], say: Speech) -> list[dict[str, str]]:
    return [
        {
            "name": say.words(ACCOUNTS.get(line.account, line.account)),
            "code": line.account,
            "opening": say.some(line.opening),
            "debits": say.some(line.debits),
            "credits": say.some(line.credits),
            "balance": say.some(line.balance),
        }
        for line in lines
    ]


def entry_rows(lines: Iterable[EntryLine], numbers: Mapping[UUID, str], say: Speech) -> list[dict[str, str]]:
    _ = say.words
    return [
        {
            "at": format_instant(line.at, say.lang, "numeric"),
            "event": _(EVENTS.get(line.event, line.event)),
            "number": numbers.get(line.charge_id, "") if line.charge_id else "",
            "account": _(ACCOUNTS.get(line.account, line.account)),
            "debit": say.fen(line.amount) if line.amount > 0 else "",
            "credit": say.fen(-line.amount) if line.amount < 0 else "",
        }
        for line in lines
    ]


_BILLS = {"wechatpay": N_("微信支付账单"), "nhsa": N_("医保结算清单")}


def _sums(lines: Mapping[tuple[str, str], int], say: Speech) -> str:
    """`3 · ¥150.00 − 1 · ¥50.00`: what came in, then what went back."""
    parts = []
    for move, sign in ((PAYMENT, ""), (REFUND, "− ")):
        amounts = [amount for (kind, _number), amount in lines.items() if kind == move]
        if amounts or not sign:
            count = say.words(N_("%(n)s 笔")) % {"n": len(amounts)}
            parts.append(f"{sign}{count} {say.fen(sum(amounts))}")
    return " ".join(parts)
