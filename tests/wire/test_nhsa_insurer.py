"""The adapter over the sandbox insurer: what it sends, what it believes, and what it does when in doubt."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from telehealth.core.clock import FixedClock, hospital_day
from telehealth.insurance.adapters.nhsa import NHSAInsurer
from telehealth.insurance.errors import InsurerDown, InsurerRefused, SplitUnsound
from telehealth.insurance.ports import CoverTruth, Fee, Split, Upload
from telehealth.insurance.states import Category
from tests.support.outside import Stranger, clock_of_the_world, nhsa_settings, stranger
from tests.support.sandbox import Sandbox

AT = "yunan"
_serial = itertools.count(1)


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
async def insurer(sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[NHSAInsurer]:
    made = NHSAInsurer({AT: nhsa_settings(sandbox, AT)}, clock)
    yield made
    await made.close()
    sandbox.clear()


def insured(sandbox: Sandbox, **record: Any) -> Stranger:
    """By default ordinary, in Beijing; the fund pays 70 %, the account is empty."""
    person = stranger()
    sandbox.put_insured(person.number, **{"name": person.name} | record)
    return person


async def upload_for(insurer: NHSAInsurer, sandbox: Sandbox, person: Stranger, total: int = 5000) -> Upload:
    found = await insurer.look_up(AT, document_number=person.number, name=person.name)
    assert found is not None
    return Upload(
        hospital=AT,
        serial_no=f"CVTEST{person.number[-8:]}{next(_serial):04d}",
        insured_number=found.number,
        insurance_type=found.insurance_type,
        division=found.division,
        document_number=person.number,
        name=person.name,
        auth_number=sandbox.authorise_insurance(person.number, AT),
        total=total,
        fees=(Fee("consult_fee", "互联网复诊诊查费", total),),
        message=insurer.message_number(AT),
    )


def renumbered(insurer: NHSAInsurer, upload: Upload, **changes: Any) -> Upload:
    return replace(upload, **{"message": insurer.message_number(AT)} | changes)


def orders(sandbox: Sandbox, upload: Upload) -> list[dict[str, Any]]:
    """What the insurer holds under our serial number."""
    books = sandbox.insurance_books()["orders"].values()
    return [order for order in books if order["medOrgOrd"] == upload.serial_no]


async def test_XY07_the_insurer_says_where_and_how_somebody_is_insured(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    person = insured(sandbox, med_types=["14", "11"], insutype="390")
    found = await insurer.look_up(AT, document_number=person.number, name=person.name)
    assert found is not None
    assert (found.division, found.insurance_type) == ("110100", "390")
    assert found.categories == (Category.CHRONIC, Category.ORDINARY)


@pytest.mark.parametrize(
    ("code", "category"), [("14", "chronic"), ("51", "maternity"), ("61", "work_injury")]
)
async def test_GS10_other_categories_are_named(
    insurer: NHSAInsurer, sandbox: Sandbox, code: str, category: str
) -> None:
    person = insured(sandbox, med_types=[code])
    found = await insurer.look_up(AT, document_number=person.number, name=person.name)
    assert found is not None and found.categories == (Category(category),)


async def test_XY10_nobody_insured_is_nobody(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    uninsured, unknown = insured(sandbox, region=""), stranger()
    for person in (uninsured, unknown):
        assert await insurer.look_up(AT, document_number=person.number, name=person.name) is None
    known = insured(sandbox)
    with pytest.raises(InsurerRefused):
        await insurer.look_up(AT, document_number=known.number, name="别人")


async def test_GD01_four_parts_in_fen_sum_to_the_whole(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    person = insured(sandbox, balance=333, other_rate_bp=1000)
    upload = await upload_for(insurer, sandbox, person, 4999)
    split = await insurer.price(AT, upload, *await insurer.upload(upload))
    assert (split.fund, split.personal, split.other, split.cash) == (3499, 333, 500, 667)
    assert split.total == 4999
    assert split.raw["psnAcctPay"] == "3.33"


async def test_GD01_parts_that_do_not_sum_are_refused(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox))
    order = await insurer.upload(upload)
    with sandbox.faults(nhsa={"mode": "wrong_split"}), pytest.raises(SplitUnsound):
        await insurer.price(AT, upload, *order)


async def test_GD01_a_region_whose_fund_holds_the_account_is_refused_until_settings_name_it(
    insurer: NHSAInsurer, sandbox: Sandbox, clock: FixedClock
) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox, balance=1000))
    order = await insurer.upload(upload)
    informed = NHSAInsurer({AT: nhsa_settings(sandbox, AT, fund_includes_account=("110000",))}, clock)
    with sandbox.faults(nhsa={"mode": "fund_includes_account"}):
        with pytest.raises(SplitUnsound):
            await insurer.price(AT, upload, *order)
        split = await informed.price(AT, upload, *order)
    await informed.close()
    assert (split.fund, split.personal, split.cash) == (3500, 1000, 500)
    assert split.raw["fundPay"] == "45.00"


async def test_BJ06_an_authorisation_is_spent_by_one_payment(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    person = insured(sandbox)
    first = await upload_for(insurer, sandbox, person)
    await insurer.upload(first)
    second = renumbered(insurer, first, serial_no=f"{first.serial_no[:-1]}X")
    with pytest.raises(InsurerRefused) as raised:
        await insurer.upload(second)
    assert raised.value.facts == {"word": "PAY_AUTH_NO_USED", "reason": "expired"}
    with pytest.raises(InsurerRefused) as raised:
        await insurer.upload(renumbered(insurer, second, auth_number="guess"))
    assert raised.value.facts["word"] == "PAY_AUTH_NO_INVALID"


async def test_GS10_a_category_the_insurer_denies_is_named_as_such(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox, med_types=["14"]))
    with pytest.raises(InsurerRefused) as raised:
        await insurer.upload(upload)
    assert raised.value.facts == {"word": "MED_TYPE_DENIED", "reason": "excluded_category"}


async def test_GD02_an_upload_whose_answer_was_lost_is_repeated_under_the_same_number(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox))
    sandbox.faults(nhsa={"mode": "lost_answer", "times": 1, "infno": "6201"})
    with pytest.raises(InsurerDown):
        await insurer.upload(upload)
    order, _ = await insurer.upload(renumbered(insurer, upload))
    assert [held["payOrdId"] for held in orders(sandbox, upload)] == [order]


async def test_GD02_an_upload_whose_answer_was_lost_can_be_taken_back_by_its_message(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox))
    sandbox.faults(nhsa={"mode": "lost_answer", "times": 1, "infno": "6201"})
    with pytest.raises(InsurerDown):
        await insurer.upload(upload)
    await insurer.take_back(AT, upload.message)
    assert [held["state"] for held in orders(sandbox, upload)] == ["revoked"]
    await insurer.take_back(AT, insurer.message_number(AT))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mode": "down"}, "server_error"),
        ({"mode": "error_500"}, "server_error"),
        ({"mode": "throttled"}, "throttled"),
        ({"mode": "garbled"}, "malformed"),
        ({"mode": "lost_answer"}, "server_error"),
        ({"mode": "timeout", "seconds": 6}, "timeout"),
    ],
)
async def test_an_insurer_that_fails_says_nothing_of_the_outcome(
    sandbox: Sandbox, clock: FixedClock, fault: dict[str, Any], reason: str
) -> None:
    insurer = NHSAInsurer({AT: nhsa_settings(sandbox, AT, timeout_s=2.0)}, clock)
    person = insured(sandbox)
    await insurer.look_up(AT, document_number=person.number, name=person.name)
    with sandbox.faults(nhsa={**fault, "infno": "1101"}), pytest.raises(InsurerDown) as raised:
        await insurer.look_up(AT, document_number=person.number, name=person.name)
    assert raised.value.facts == {"reason": reason}
    await insurer.close()


@pytest.mark.parametrize("wrong", [{"app_secret": SecretStr("sandbox-guess")}, {"app_id": "SANDBOXnobody"}])
async def test_a_wrong_key_refuses_nobody(sandbox: Sandbox, clock: FixedClock, wrong: dict[str, Any]) -> None:
    insurer = NHSAInsurer({AT: nhsa_settings(sandbox, AT, **wrong)}, clock)
    with pytest.raises(InsurerDown) as raised:
        await insurer.look_up(AT, document_number=stranger().number, name="样例乙")
    assert raised.value.facts == {"reason": "not_let_in"}
    await insurer.close()


async def test_a_clock_that_is_five_minutes_off_is_not_let_in(
    insurer: NHSAInsurer, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=6))
    with pytest.raises(InsurerDown):
        await insurer.look_up(AT, document_number=stranger().number, name="样例乙")


async def test_business_time_does_not_sign(insurer: NHSAInsurer, sandbox: Sandbox, clock: FixedClock) -> None:
    person = insured(sandbox)
    clock.move_business_to(clock.wall() + timedelta(days=3))
    assert await insurer.look_up(AT, document_number=person.number, name=person.name)


async def test_a_platform_that_is_not_there_is_down(sandbox: Sandbox, clock: FixedClock) -> None:
    insurer = NHSAInsurer({AT: nhsa_settings(sandbox, AT, base_url="http://127.0.0.1:9/api")}, clock)
    with pytest.raises(InsurerDown) as raised:
        await insurer.look_up(AT, document_number=stranger().number, name="样例乙")
    assert raised.value.facts == {"reason": "unreachable"}
    with pytest.raises(InsurerDown):
        await insurer.look_up("nowhere", document_number=stranger().number, name="样例乙")
    assert insurer.serves(AT) and not insurer.serves("nowhere")
    await insurer.close()


async def test_an_expired_sign_in_is_renewed_unseen(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    person = insured(sandbox)
    await insurer.look_up(AT, document_number=person.number, name=person.name)
    sandbox.faults(nhsa={"mode": "sign_expired", "times": 1})
    assert await insurer.look_up(AT, document_number=person.number, name=person.name)
    with sandbox.faults(nhsa={"mode": "sign_expired"}), pytest.raises(InsurerDown):
        await insurer.look_up(AT, document_number=person.number, name=person.name)


async def test_a_refusal_carries_the_insurers_word_and_no_number(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    person = insured(sandbox)
    said = f"人员{person.number}参保状态异常"
    with (
        sandbox.faults(nhsa={"mode": "refused", "err_msg": said, "infno": "1101"}),
        pytest.raises(InsurerRefused) as raised,
    ):
        await insurer.look_up(AT, document_number=person.number, name=person.name)
    assert raised.value.facts == {"word": "BUSINESS_ERROR", "reason": "insurer"}


async def test_6401_takes_an_upload_back_and_again(insurer: NHSAInsurer, sandbox: Sandbox) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox))
    order = await insurer.upload(upload)
    assert await insurer.query(AT, *order, upload) is CoverTruth.OPEN
    await insurer.revoke(AT, *order)
    await insurer.revoke(AT, *order)
    assert await insurer.query(AT, *order, upload) is CoverTruth.FAILED
    assert await insurer.query(AT, "ORDnobody", "x", upload) is CoverTruth.UNKNOWN


async def test_GD02_a_refund_is_made_once_however_often_it_is_asked_for(
    insurer: NHSAInsurer, sandbox: Sandbox, clock: FixedClock
) -> None:
    person = insured(sandbox, balance=1000)
    upload = await upload_for(insurer, sandbox, person)
    order, token = await insurer.upload(upload)
    split = await insurer.price(AT, upload, order, token)
    sandbox.settle_insurance(order)
    assert await insurer.query(AT, order, token, upload) is CoverTruth.SETTLED
    assert sandbox.insurance_books()["accounts"][person.number] == 0
    back = Split(split.fund, split.personal, split.other, 0)
    number = f"RF-{upload.serial_no}"

    sandbox.faults(nhsa={"mode": "lost_answer", "times": 1, "infno": "6203"})
    with pytest.raises(InsurerDown):
        await insurer.refund(AT, pay_order_id=order, number=number, split=back, at=clock.business())
    await insurer.refund(AT, pay_order_id=order, number=number, split=back, at=clock.business())
    assert await insurer.query(AT, order, token, upload) is CoverTruth.REFUNDED
    assert sandbox.insurance_books()["accounts"][person.number] == 1000
    with pytest.raises(InsurerRefused) as raised:
        await insurer.refund(AT, pay_order_id=order, number=f"{number}-2", split=back, at=clock.business())
    assert raised.value.facts["word"] == "REFUND_EXCEEDS"


async def test_GD06_the_days_list_shows_the_insured_part(
    insurer: NHSAInsurer, sandbox: Sandbox, clock: FixedClock
) -> None:
    upload = await upload_for(insurer, sandbox, insured(sandbox, balance=1000))
    order, token = await insurer.upload(upload)
    split = await insurer.price(AT, upload, order, token)
    sandbox.settle_insurance(order)
    number = f"RF-{upload.serial_no}"
    back = Split(split.fund, split.personal, split.other, 0)
    await insurer.refund(AT, pay_order_id=order, number=number, split=back, at=clock.business())

    lines = await insurer.settlements(AT, hospital_day(clock.business()))
    ours = [line for line in lines if line.party_number == order]
    assert [(line.kind, line.reference, line.amount) for line in ours] == [
        ("payment", upload.serial_no, 4500),
        ("refund", number, 4500),
    ]
    assert all(line.at is not None and line.at.tzinfo is not None for line in ours)
    assert await insurer.settlements(AT, hospital_day(clock.business()) - timedelta(days=400)) == ()


async def test_BJ06_the_address_names_the_patient_by_digest_only(
    insurer: NHSAInsurer, sandbox: Sandbox
) -> None:
    person = insured(sandbox)
    url = insurer.authorise_url(
        AT, token="t-1", return_url="http://testserver/insurance/return", number=person.number
    )
    assert person.number not in url
    asked = parse_qs(urlsplit(url).query)
    assert (asked["state"], asked["redirect_uri"]) == (["t-1"], ["http://testserver/insurance/return"])
    shown = httpx2.get(url).text
    assert f'value="{person.number}" required checked' in shown
