"""Our WeChat Pay adapter against the sandbox: money that goes back, once."""

import pytest

from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.errors import NotEnough, ProviderBusy, ProviderDown, ProviderRefused
from telehealth.payments.ports import BankCard, OrderFacts, RefundAnswer, RefundFacts, RefundTruth
from tests.support.merchant import Merchant, fresh_number
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import Open, order_facts, refund_facts


async def paid(sandbox: Sandbox, pay: WeChatPayProvider, *, amount: int = 5000) -> OrderFacts:
    facts = order_facts(amount=amount)
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    return facts


def moved(sandbox: Sandbox, order: OrderFacts) -> list[int]:
    merchant = Merchant(sandbox, order.hospital)
    return [
        each["amount"]
        for each in sandbox.payment_books(merchant.mchid)["refunds"]
        if each["out_trade_no"] == order.out_trade_no
    ]


async def test_a_refund_is_accepted_then_settled(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    order = await paid(sandbox, pay)
    facts = refund_facts(order)
    accepted = await pay.refund(facts)
    assert (accepted.truth, accepted.amount, accepted.settled_at) == (RefundTruth.PROCESSING, 5000, None)

    settled = await pay.query_refund("yunan", facts.number)
    assert settled.truth is RefundTruth.SETTLED
    assert settled.party_number == accepted.party_number
    assert settled.settled_at is not None
    assert settled.received_by
    assert (await pay.refund(facts)).truth is RefundTruth.SETTLED


async def test_one_number_refunds_once(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    order = await paid(sandbox, pay)
    facts = refund_facts(order, amount=2000)
    first, second = await pay.refund(facts), await pay.refund(facts)
    assert first.party_number == second.party_number
    assert moved(sandbox, order) == [2000]


@pytest.mark.parametrize("mode", ["lost_answer", "cut"])
async def test_a_refund_made_while_its_answer_was_lost_is_not_made_again(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str
) -> None:
    order = await paid(sandbox, pay)
    facts = refund_facts(order)
    with sandbox.faults(wechatpay={"mode": mode, "times": 1}), pytest.raises(ProviderDown):
        await pay.refund(facts)
    assert (await pay.query_refund("yunan", facts.number)).truth is not RefundTruth.UNKNOWN
    await pay.refund(facts)
    assert moved(sandbox, order) == [5000]


async def test_a_refund_that_never_reached_them_is_unknown(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    order = await paid(sandbox, pay)
    facts = refund_facts(order)
    with sandbox.faults(wechatpay={"mode": "error_500", "times": 1}), pytest.raises(ProviderDown):
        await pay.refund(facts)
    assert await pay.query_refund("yunan", facts.number) == RefundAnswer(RefundTruth.UNKNOWN)
    assert (await pay.refund(facts)).truth is RefundTruth.PROCESSING


async def test_too_little_money_is_told_apart_and_the_number_stays_good(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    facts = refund_facts(await paid(sandbox, pay))
    with sandbox.faults(wechatpay={"mode": "not_enough"}), pytest.raises(NotEnough):
        await pay.refund(facts)
    assert (await pay.refund(facts)).truth is RefundTruth.PROCESSING


@pytest.mark.parametrize(
    ("mode", "truth"), [("abnormal", RefundTruth.ABNORMAL), ("refund_closed", RefundTruth.CLOSED)]
)
async def test_a_way_back_that_is_blocked_ends_otherwise(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str, truth: RefundTruth
) -> None:
    facts = refund_facts(await paid(sandbox, pay))
    with sandbox.faults(wechatpay={"mode": mode}):
        await pay.refund(facts)
    ended = await pay.query_refund("yunan", facts.number)
    assert (ended.truth, ended.settled_at) == (truth, None)


async def test_two_parts_of_one_order_within_a_minute_are_too_fast(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    order = await paid(sandbox, pay)
    await pay.refund(refund_facts(order, amount=1000))
    with pytest.raises(ProviderBusy) as busy:
        await pay.refund(refund_facts(order, amount=1000))
    assert busy.value.retry_after_s > 0
    assert moved(sandbox, order) == [1000]


async def test_an_old_order_may_be_refunded_more_slowly(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = refund_facts(await paid(sandbox, pay))
    with sandbox.faults(wechatpay={"mode": "reduce_frequency"}), pytest.raises(ProviderBusy):
        await pay.refund(facts)
    assert (await pay.refund(facts)).truth is RefundTruth.PROCESSING


@pytest.mark.parametrize(
    "changed", [{"amount": 5001}, {"total": 4999, "amount": 4999}, {"number": "RF 1"}], ids=str
)
async def test_what_they_refuse_moves_nothing(
    sandbox: Sandbox, pay: WeChatPayProvider, changed: dict[str, object]
) -> None:
    order = await paid(sandbox, pay)
    with pytest.raises(ProviderRefused) as refused:
        await pay.refund(refund_facts(order, **changed))
    assert refused.value.facts["word"] in ("INVALID_REQUEST", "PARAM_ERROR")
    assert moved(sandbox, order) == []


async def test_an_order_they_never_heard_of_is_refused(pay: WeChatPayProvider) -> None:
    with pytest.raises(ProviderRefused) as refused:
        await pay.refund(refund_facts(order_facts()))
    assert refused.value.facts["word"] == "RESOURCE_NOT_EXISTS"


async def test_the_same_number_for_another_amount_is_refused(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    order = await paid(sandbox, pay)
    facts = refund_facts(order, amount=1000)
    await pay.refund(facts)
    with pytest.raises(ProviderRefused):
        await pay.refund(refund_facts(order, amount=2000, number=facts.number))
    assert moved(sandbox, order) == [1000]


@pytest.mark.parametrize("mode", ["forged_answer", "stale_answer", "probe_answer"])
async def test_that_there_is_no_such_refund_is_believed_only_when_signed(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str
) -> None:
    with sandbox.faults(wechatpay={"mode": mode}), pytest.raises(ProviderDown):
        await pay.query_refund("yunan", fresh_number("RF"))


async def test_a_long_reason_is_cut_where_a_character_ends(sandbox: Sandbox, opened: Open) -> None:
    pay = opened()
    facts = refund_facts(await paid(sandbox, pay), reason="医生判断不适合线上复诊" * 12)
    assert (await pay.refund(facts)).truth is RefundTruth.PROCESSING


CARD = BankCard(bank="ICBC_DEBIT", number="6222020000000001234", holder="样例甲")


async def blocked(sandbox: Sandbox, pay: WeChatPayProvider) -> tuple[RefundFacts, str]:
    """A refund whose own way back is blocked, and the provider's number of it."""
    facts = refund_facts(await paid(sandbox, pay))
    with sandbox.faults(wechatpay={"mode": "abnormal"}):
        await pay.refund(facts)
    found = await pay.query_refund("yunan", facts.number)
    assert found.truth is RefundTruth.ABNORMAL
    assert found.party_number is not None
    return facts, found.party_number


@pytest.mark.parametrize("certificates", [False, True])
async def test_a_blocked_refund_goes_to_another_card_of_the_payer(
    sandbox: Sandbox, opened: Open, certificates: bool
) -> None:
    pay = opened(certificates=certificates)
    facts, theirs = await blocked(sandbox, pay)
    answer = await pay.refund_elsewhere("yunan", facts.number, theirs, card=CARD)
    assert (answer.truth, answer.amount) == (RefundTruth.PROCESSING, 5000)
    settled = await pay.query_refund("yunan", facts.number)
    assert (settled.truth, settled.party_number) == (RefundTruth.SETTLED, theirs)
    assert settled.received_by == "ICBC_DEBIT1234"


async def test_a_blocked_refund_may_return_to_the_merchant(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts, theirs = await blocked(sandbox, pay)
    answer = await pay.refund_elsewhere("yunan", facts.number, theirs, card=None)
    assert answer.truth is RefundTruth.PROCESSING


async def test_only_a_blocked_refund_goes_elsewhere(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = refund_facts(await paid(sandbox, pay))
    accepted = await pay.refund(facts)
    with pytest.raises(ProviderRefused):
        await pay.refund_elsewhere("yunan", facts.number, accepted.party_number or "", card=CARD)


def test_a_card_does_not_show_itself() -> None:
    assert CARD.number not in repr(CARD)
    assert CARD.holder not in repr(CARD)
