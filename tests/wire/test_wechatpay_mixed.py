"""Our WeChat Pay adapter against the sandbox: split payments, three statuses, and telling of a refund."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.errors import ProviderDown, ProviderRefused
from telehealth.payments.ports import HalfTruth, MixedAnswer, MixedFacts, Notice, OrderTruth
from telehealth.payments.states import OrderType, Way
from tests.support.merchant import Inbox, Merchant, fresh_number, inbox
from tests.support.outside import Stranger, stranger
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import Open, order_facts
from tests.wire.test_sandbox_wechatpay_medins import Desk


@pytest.fixture
def desk(sandbox: Sandbox) -> Iterator[Desk]:
    with httpx2.Client(base_url=sandbox.base_url, timeout=30) as http:
        yield Desk(sandbox, http)


@pytest.fixture
def letters() -> Iterator[Inbox]:
    with inbox() as held:
        yield held


def insured(desk: Desk, *, balance: int = 500, **record: Any) -> Stranger:
    """Somebody the insurer pays 70 % for, with a personal account of five yuan unless told otherwise."""
    person = stranger()
    desk.sandbox.put_insured(person.number, name=person.name, balance=balance, **record)
    desk.people[person.his_id] = {"number": person.number, "name": person.name}
    return person


async def split(desk: Desk, pay: WeChatPayProvider, patient: Stranger, **changed: Any) -> MixedFacts:
    """A fee of 50 yuan that the insurer divided, its cash half prepaid."""
    fee, number = desk.fee(patient.his_id), fresh_number()
    way = changed.get("way", Way.JSAPI)
    order = order_facts(number, amount=fee["ownPayAmt"], way=way)
    prepay_id = (await pay.prepay(order))["prepay_id"] if order.amount else None
    facts = MixedFacts(
        hospital="yunan",
        out_trade_no=number,
        openid=order.openid,
        prepay_id=prepay_id,
        order_kind=OrderType.CONSULT,
        payer_name=patient.name,
        payer_number=patient.number,
        payer_document="resident_id",
        relative_name="",
        relative_number="",
        relative_document="",
        serial_no=fee["medOrgOrd"],
        pay_order_id=fee["payOrdId"],
        pay_auth_no=fee["payAuthNo"],
        location="116.40,39.90",
        created_at=datetime.now(UTC),
        total=5000,
        fund=fee["fundPay"],
        personal=fee["psnAcctPay"],
        other=fee["othFundPay"],
        cash=fee["ownPayAmt"],
    )
    return replace(facts, **changed)


def pressed(desk: Desk, call: dict[str, str]) -> str:
    return str(desk.sandbox.till("medins", **call).json()["err_msg"])


def halves(answer: MixedAnswer) -> tuple[HalfTruth, HalfTruth, HalfTruth]:
    return answer.whole, answer.cash, answer.insured


async def test_both_halves_are_paid_behind_one_password(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk))
    assert facts.cash > 0
    made = await pay.order_mixed(facts)
    assert halves(made) == (HalfTruth.CREATED, HalfTruth.CREATED, HalfTruth.CREATED)
    assert made.mix_trade_no

    call = pay.mixed_invocation("yunan", made.mix_trade_no, facts.prepay_id)
    assert pressed(desk, call) == "requestMedicalInsurancePay:ok"

    ended = await pay.query_mixed("yunan", facts.out_trade_no)
    assert halves(ended) == (HalfTruth.PAID, HalfTruth.PAID, HalfTruth.PAID)
    assert ended.mix_trade_no == made.mix_trade_no
    cash = await pay.query("yunan", facts.out_trade_no)
    assert (cash.truth, cash.amount) == (OrderTruth.PAID, facts.cash)


async def test_a_mini_program_pays_under_its_own_appid(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk), way=Way.MINI_PROGRAM)
    made = await pay.order_mixed(facts)
    call = pay.mixed_invocation("yunan", str(made.mix_trade_no), facts.prepay_id, Way.MINI_PROGRAM)
    assert "appid" not in call
    assert pressed(desk, call) == "requestMedicalInsurancePay:ok"


async def test_what_the_insurer_pays_whole_needs_no_cash_half(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk, balance=100_000))
    assert (facts.cash, facts.prepay_id) == (0, None)
    made = await pay.order_mixed(facts)
    assert halves(made) == (HalfTruth.CREATED, HalfTruth.NONE, HalfTruth.CREATED)
    call = pay.mixed_invocation("yunan", str(made.mix_trade_no), None)
    assert set(call) == {"appid", "mixTradeNo"}
    assert pressed(desk, call) == "requestMedicalInsurancePay:ok"
    ended = await pay.query_mixed("yunan", facts.out_trade_no)
    assert halves(ended) == (HalfTruth.PAID, HalfTruth.NONE, HalfTruth.PAID)


async def test_a_mother_pays_for_her_child(desk: Desk, pay: WeChatPayProvider) -> None:
    mother, child = insured(desk), insured(desk)
    relatives = {"payer": mother.number, "relative": child.number}
    url = f"{desk.sandbox.base_url}/wechatpay/till/relatives"
    httpx2.put(url, json=relatives).raise_for_status()
    facts = await split(
        desk,
        pay,
        child,
        payer_name=mother.name,
        payer_number=mother.number.lower(),
        relative_name=child.name,
        relative_number=child.number,
        relative_document="resident_id",
    )
    assert (await pay.order_mixed(facts)).whole is HalfTruth.CREATED


async def test_nothing_that_names_a_person_travels_in_clear(desk: Desk, opened: Open) -> None:
    sent: list[bytes] = []

    class Listening(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            sent.append(await request.aread())
            return await super().handle_async_request(request)

    pay = opened(transport=Listening())
    patient = insured(desk)
    facts = await split(desk, pay, patient)
    await pay.order_mixed(facts)
    assert not any(patient.number.encode() in body or patient.name.encode() in body for body in sent)
    assert b'"med_ins_test_env":false' in sent[-1]


async def test_fields_are_sealed_with_a_certificate_when_there_is_no_public_key(
    desk: Desk, opened: Open
) -> None:
    pay = opened(certificates=True)
    facts = await split(desk, pay, insured(desk))
    assert (await pay.order_mixed(facts)).whole is HalfTruth.CREATED


# Trouble.


@pytest.mark.parametrize("mode", ["lost_answer", "cut"])
async def test_an_order_made_while_its_answer_was_lost_is_found_by_our_number(
    desk: Desk, pay: WeChatPayProvider, mode: str
) -> None:
    facts = await split(desk, pay, insured(desk))
    with desk.sandbox.faults(wechatpay={"mode": mode, "times": 1}), pytest.raises(ProviderDown):
        await pay.order_mixed(facts)
    found = await pay.query_mixed("yunan", facts.out_trade_no)
    assert found.whole is HalfTruth.CREATED
    assert await pay.order_mixed(facts) == found


async def test_an_order_that_never_reached_them_has_no_halves(pay: WeChatPayProvider) -> None:
    nothing = MixedAnswer(HalfTruth.NONE, HalfTruth.NONE, HalfTruth.NONE)
    assert await pay.query_mixed("yunan", fresh_number()) == nothing


@pytest.mark.parametrize("mode", ["forged_answer", "stale_answer", "probe_answer"])
async def test_that_is_believed_only_when_signed(sandbox: Sandbox, pay: WeChatPayProvider, mode: str) -> None:
    with sandbox.faults(wechatpay={"mode": mode}), pytest.raises(ProviderDown):
        await pay.query_mixed("yunan", fresh_number())


@pytest.mark.parametrize(
    ("mode", "ended"),
    [
        ("cash_fails", (HalfTruth.FAILED, HalfTruth.FAILED, HalfTruth.CREATED)),
        ("insurance_fails", (HalfTruth.FAILED, HalfTruth.PAID, HalfTruth.FAILED)),
        ("insurer_timeout", (HalfTruth.CREATED, HalfTruth.PAID, HalfTruth.CREATED)),
    ],
)
async def test_the_whole_may_have_failed_while_the_cash_half_was_paid(
    desk: Desk,
    pay: WeChatPayProvider,
    mode: str,
    ended: tuple[HalfTruth, HalfTruth, HalfTruth],
) -> None:
    facts = await split(desk, pay, insured(desk))
    made = await pay.order_mixed(facts)
    with desk.sandbox.faults(wechatpay={"mode": mode}):
        pressed(desk, pay.mixed_invocation("yunan", str(made.mix_trade_no), facts.prepay_id))
        assert halves(await pay.query_mixed("yunan", facts.out_trade_no)) == ended
    paid = (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.PAID
    assert paid == (ended[1] is HalfTruth.PAID)


async def test_parts_that_do_not_sum_are_not_even_sent(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk))
    desk.sandbox.forget_requests()
    with pytest.raises(ProviderRefused) as refused:
        await pay.order_mixed(replace(facts, fund=facts.fund + 1))
    assert refused.value.facts["word"] == "split_unsound"
    assert desk.sandbox.requests("wechatpay") == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"payer_name": "样例丁"}, "payer_differs"),
        ({"pay_auth_no": "AUTH0000000000"}, "authorisation_spent"),
        ({"pay_order_id": "ORD0000000000"}, "insurer_refused"),
        ({"payer_document": "residence_permit"}, "document_not_offered"),
    ],
)
async def test_refusals_have_words_staff_can_act_on(
    desk: Desk, pay: WeChatPayProvider, changed: dict[str, str], word: str
) -> None:
    facts = await split(desk, pay, insured(desk), **changed)
    with pytest.raises(ProviderRefused) as refused:
        await pay.order_mixed(facts)
    assert refused.value.facts["word"] == word


async def test_strangers_are_no_relatives(desk: Desk, pay: WeChatPayProvider) -> None:
    payer, patient = insured(desk), insured(desk)
    facts = await split(
        desk,
        pay,
        patient,
        payer_number=payer.number,
        relative_name=patient.name,
        relative_number=patient.number,
        relative_document="resident_id",
    )
    with pytest.raises(ProviderRefused) as refused:
        await pay.order_mixed(facts)
    assert refused.value.facts["word"] == "no_such_relative"


# What follows.


async def test_full_success_is_told_for_each_half(desk: Desk, opened: Open, letters: Inbox) -> None:
    pay = opened(notify_url=letters.url.removesuffix("/notices"))
    facts = await split(desk, pay, insured(desk))
    made = await pay.order_mixed(facts)
    pressed(desk, pay.mixed_invocation("yunan", str(made.mix_trade_no), facts.prepay_id))
    told = []
    for came in (letters.next(), letters.next()):
        topic = "mixed" if b"MEDICAL_INSURANCE" in came.body else "payments"
        told.append(pay.read_notice("yunan", topic, dict(came.headers.items()), came.body))
    assert sorted(told, key=lambda notice: notice.event) == [
        Notice("MEDICAL_INSURANCE.SUCCESS", facts.out_trade_no, None, 5000),
        Notice("TRANSACTION.SUCCESS", facts.out_trade_no, None, facts.cash),
    ]


async def test_they_are_told_once_what_the_insurer_gave_back(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk))
    made = str((await pay.order_mixed(facts)).mix_trade_no)
    pressed(desk, pay.mixed_invocation("yunan", made, facts.prepay_id))
    number, at = fresh_number("RF"), datetime.now(UTC)
    parts = {"fund": facts.fund, "personal": facts.personal, "other": facts.other}

    with desk.sandbox.faults(wechatpay={"mode": "lost_answer", "times": 1}), pytest.raises(ProviderDown):
        await pay.tell_refunded("yunan", made, number=number, at=at, **parts)
    await pay.tell_refunded("yunan", made, number=number, at=at, **parts)

    held = [
        order
        for order in desk.sandbox.payment_books(Merchant(desk.sandbox).mchid)["medins"]
        if order["mix_trade_no"] == made
    ]
    assert [list(order["refunds"]) for order in held] == [[number]]
    assert (await pay.query_mixed("yunan", facts.out_trade_no)).insured is HalfTruth.REFUNDED


async def test_telling_more_than_was_paid_is_refused(desk: Desk, pay: WeChatPayProvider) -> None:
    facts = await split(desk, pay, insured(desk))
    made = str((await pay.order_mixed(facts)).mix_trade_no)
    pressed(desk, pay.mixed_invocation("yunan", made, facts.prepay_id))
    with pytest.raises(ProviderRefused) as refused:
        await pay.tell_refunded(
            "yunan", made, number="RF-9", fund=facts.fund + 1, personal=0, other=0, at=datetime.now(UTC)
        )
    assert refused.value.facts["word"] == "RULE_LIMIT"


async def test_split_payments_need_the_channels_own_names(opened: Open, pay: WeChatPayProvider) -> None:
    assert pay.offers_mixed("yunan")
    assert not pay.offers_mixed("elsewhere")
    assert not opened(city_id="").offers_mixed("yunan")
