"""What the QR code of a sheet opens: genuine or not, used or not, and never more than the paper says."""

from pathlib import Path

import httpx2
import pytest

from prescriptions.models import Prescription, SheetFile
from prescriptions.patient.verifying import TrustList
from prescriptions.queries import sheet_file
from prescriptions.settling import charging
from prescriptions.sheet.errors import SignerUnavailable
from prescriptions.states import RxState, SheetStage
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.factories.reviewing import Review, open_review, passed, to_review
from tests.support.factories.visits import desk_of

Client = httpx2.AsyncClient
GENUINE, REFUSED, UNKNOWN = "签名有效，内容未被改动", "未通过验证", "现在无法验证"


@pytest.fixture
async def place(units: Units) -> Review:
    return await open_review(units)


@pytest.fixture
async def rx(units: Units, place: Review) -> Prescription:
    return await passed(units, place, await to_review(units, place))


async def stored(units: Units, rx: Prescription) -> SheetFile:
    async with units.system("test") as unit:
        found = await sheet_file(unit, rx.id, rx.issue, SheetStage.BOTH)
    assert found is not None
    return found


def on_disk(house: RunningHouse, found: SheetFile) -> Path:
    (path,) = [each for each in house.settings.home.rglob("*") if each.is_file()
               and each.stat().st_size == found.size and each.read_bytes().startswith(b"%PDF-")]  # fmt: skip
    return path


async def opened(client: Client, rx: Prescription) -> httpx2.Response:
    return await client.get(f"/rx/{rx.verify_code}")


async def test_REG43_a_genuine_sheet_says_so_and_shows_less_of_the_patient_than_the_paper(
    client: Client, place: Review, rx: Prescription
) -> None:
    shown = await opened(client, rx)
    assert shown.status_code == 200 and GENUINE in shown.text and "未使用" in shown.text
    person = place.desk.visit.who.person
    assert person.name not in shown.text and person.document_number not in shown.text
    assert rx.number in shown.text and "原发性高血压" not in shown.text
    assert "noindex" in shown.text


async def test_REG43_once_paid_it_is_used(
    client: Client, units: Units, place: Review, rx: Prescription
) -> None:
    async with units.of(desk_of(place.desk.visit.house)) as unit:
        await charging.pay_at_window(unit, rx.id, received=rx.total)
    assert "已使用" in (await opened(client, rx)).text


@pytest.mark.parametrize(("state", "words"), [(RxState.EXPIRED, "已过期"), (RxState.VOIDED, "已作废")])
async def test_what_ended_says_how(
    client: Client, units: Units, rx: Prescription, state: RxState, words: str
) -> None:
    async with units.system("test") as unit:
        (await unit.session.get_one(Prescription, rx.id)).state = state
    assert words in (await opened(client, rx)).text


async def test_what_no_pharmacist_signed_is_not_called_genuine(
    client: Client, units: Units, place: Review
) -> None:
    rx = await to_review(units, place)
    shown = await opened(client, rx)
    assert "尚未审核" in shown.text and GENUINE not in shown.text


async def test_a_file_changed_on_our_own_disk_is_not_genuine(
    client: Client, units: Units, rx: Prescription, house: RunningHouse
) -> None:
    path = on_disk(house, await stored(units, rx))
    forged = bytearray(path.read_bytes())
    forged[len(forged) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(forged))
    shown = await opened(client, rx)
    assert REFUSED in shown.text and GENUINE not in shown.text and "文件与医院存档的不一致" in shown.text


async def test_a_file_that_is_gone_is_never_genuine(
    client: Client, units: Units, rx: Prescription, house: RunningHouse
) -> None:
    on_disk(house, await stored(units, rx)).unlink()
    shown = await opened(client, rx)
    assert shown.status_code == 200 and UNKNOWN in shown.text and GENUINE not in shown.text


async def test_without_the_lists_of_the_authority_nothing_is_genuine(
    client: Client, units: Units, rx: Prescription
) -> None:
    class Silent:
        def roots(self) -> tuple[bytes, ...]:
            raise SignerUnavailable()

        def revocations(self, at: object) -> tuple[bytes, ...]:
            raise SignerUnavailable()

    units.join(TrustList, Silent())
    shown = await opened(client, rx)
    assert UNKNOWN in shown.text and GENUINE not in shown.text


async def test_lists_that_are_missing_are_not_a_forgery(
    client: Client, units: Units, rx: Prescription
) -> None:
    known = units.port(TrustList)  # type: ignore[type-abstract]

    class Listless:
        def roots(self) -> tuple[bytes, ...]:
            return known.roots()

        def stamp_roots(self) -> tuple[bytes, ...]:
            return known.stamp_roots()

        def revocations(self, at: object) -> tuple[bytes, ...]:
            return ()

    units.join(TrustList, Listless())
    shown = await opened(client, rx)
    assert UNKNOWN in shown.text and GENUINE not in shown.text and REFUSED not in shown.text


async def test_a_file_somebody_was_sent_is_held_against_ours(
    client: Client, units: Units, rx: Prescription, house: RunningHouse
) -> None:
    ours = on_disk(house, await stored(units, rx)).read_bytes()

    async def sent(content: bytes) -> httpx2.Response:
        return await client.post(
            f"/rx/{rx.verify_code}", files={"file": ("sheet.pdf", content, "application/pdf")}
        )

    same = await sent(ours)
    assert same.status_code == 200 and GENUINE in same.text
    for other in (ours + b"\n%%EOF\n", ours[:-40], b"%PDF-1.7 nothing", b"\x00" * 100):
        judged = await sent(other)
        assert judged.status_code == 200 and REFUSED in judged.text and GENUINE not in judged.text
    empty = await client.post(f"/rx/{rx.verify_code}", files={"file": ("x.pdf", b"", "application/pdf")})
    assert empty.status_code == 422


async def test_an_unknown_code_is_nobodys(client: Client, rx: Prescription) -> None:
    for code in ("0" * 22, rx.number, str(rx.id), "%00", "a" * 500):
        assert (await client.get(f"/rx/{code}")).status_code in (404, 422)


async def test_codes_cannot_be_tried_by_the_hundred(client: Client, rx: Prescription) -> None:
    answers = [(await client.get(f"/rx/{n:022d}")).status_code for n in range(31)]
    assert answers[-1] == 429 and 200 not in answers
