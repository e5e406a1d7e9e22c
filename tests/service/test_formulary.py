"""A hospital's drug book: drafted, imported, published whole, and found as doctors type."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from prescriptions.formulary import NoFormulary, Published, book_of, published_book
from prescriptions.formulary.book import sample_tables
from prescriptions.formulary.errors import FileUnreadable, VersionFixed, VersionNotFound
from prescriptions.formulary.models import FormularyImport
from prescriptions.formulary.publishing import discard, draft, publish, publish_sample
from prescriptions.formulary.queries import version_row
from prescriptions.formulary.reading import BookUnusable
from prescriptions.states import BookState, SheetKind
from telehealth.core.access import HOUSE
from telehealth.core.unit import Units
from tests.support.factories.directory import add_hospital
from tests.support.factories.formulary import take_in


@pytest.fixture
async def hospital(units: Units) -> UUID:
    place = await add_hospital(units)
    async with units.system("test") as unit:
        await publish_sample(unit, place.id)
    return place.id


async def current(units: Units, hospital_id: UUID) -> Published:
    async with units.system("test") as unit:
        return await published_book(unit, hospital_id)


async def imported(
    units: Units, hospital_id: UUID, table: str, content: bytes, *, replaces: bool = False
) -> tuple[UUID, FormularyImport]:
    """A fresh draft, and what became of the file."""
    async with units.system("test") as unit:
        version = (await draft(unit, hospital_id)).id
    return version, await take_in(units, hospital_id, version, table, content, replaces=replaces)


def medicines() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sample_tables()["medicines"]["rows"]
    return [dict(row) for row in rows]


def as_csv(rows: Iterable[dict[str, Any]]) -> bytes:
    """As a spreadsheet writes it: lists parted by ";", a remark on top."""
    flat = [
        {
            key: ";".join(value)
            if isinstance(value, list)
            else json.dumps(value)
            if isinstance(value, dict)
            else value
            for key, value in row.items()
        }
        for row in rows
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(flat[0]))
    writer.writeheader()
    writer.writerows(flat)
    return ("\ufeff# exported\n" + out.getvalue()).encode()


async def test_nothing_is_prescribed_by_a_hospital_without_a_book(units: Units) -> None:
    place = await add_hospital(units)
    with pytest.raises(NoFormulary):
        await current(units, place.id)


async def test_the_sample_is_a_whole_book(units: Units, hospital: UUID) -> None:
    published = await current(units, hospital)
    assert len(published.book.medicines) == 50
    assert len(published.book.herbs) == 38
    assert published.book.interactions
    assert published.number == 1


@pytest.mark.parametrize(
    "typed", ["W001", "w001", "苯磺酸", "氨氯地平", "aldpp", "anlvdi", "an lv di", "Amlodipine"]
)
async def test_REG18_a_drug_is_found_by_name_pinyin_initials_or_code(
    units: Units, hospital: UUID, typed: str
) -> None:
    published = await current(units, hospital)
    assert "W001" in published.find(SheetKind.WESTERN, typed)


@pytest.mark.parametrize(
    ("typed", "code"), [("hq", "H001"), ("黄芪", "H001"), ("北芪", "H001"), ("huangqi", "H001")]
)
async def test_a_herb_is_found_first_by_its_name_or_alias(
    units: Units, hospital: UUID, typed: str, code: str
) -> None:
    assert code in (await current(units, hospital)).find(SheetKind.HERB, typed)[:3]


async def test_each_pad_finds_its_own_kind_only(units: Units, hospital: UUID) -> None:
    published = await current(units, hospital)
    assert not published.find(SheetKind.HERB, "W001")
    assert not published.find(SheetKind.WESTERN, "H001")
    assert not published.find(SheetKind.WESTERN, "  ")


async def test_a_file_changes_what_it_names_and_nothing_counts_before_it_is_published(
    units: Units, hospital: UUID
) -> None:
    rows = [row | {"price_cny": "99.50"} for row in medicines() if row["id"] == "W001"]
    version, report = await imported(units, hospital, "medicines", as_csv(rows))
    assert (report.taken, report.added, report.removed, report.bad) == (1, 0, 0, [])
    assert (await current(units, hospital)).book.medicines["W001"].price == 1680
    async with units.system("test") as unit:
        await publish(unit, version)
    published = await current(units, hospital)
    assert published.number == 2
    assert published.book.medicines["W001"].price == 9950
    assert len(published.book.medicines) == 50


async def test_bad_rows_are_reported_by_number_and_field_and_the_good_ones_taken(
    units: Units, hospital: UUID
) -> None:
    rows = medicines()[:3]
    rows[1]["per_unit"] = "-5"
    rows[2] |= {"pack_units": "many", "id": "NEW"}
    _, report = await imported(units, hospital, "medicines", as_csv(rows))
    assert report.taken == 1
    assert {(bad["number"], bad["field"]) for bad in report.bad} == {(2, "per_unit"), (3, "pack_units")}


async def test_a_file_that_replaces_removes_the_rest_but_never_what_it_names_badly(
    units: Units, hospital: UUID
) -> None:
    rows = medicines()[:3]
    rows[1]["per_unit"] = "x"
    _, report = await imported(units, hospital, "medicines", as_csv(rows), replaces=True)
    assert (report.taken, report.removed) == (2, 47)


async def test_a_book_that_does_not_agree_with_itself_is_not_published(units: Units, hospital: UUID) -> None:
    rows = medicines()[:1]
    version, _ = await imported(units, hospital, "medicines", json.dumps(rows).encode(), replaces=True)
    async with units.system("test") as unit:
        with pytest.raises(BookUnusable) as refused:
            await publish(unit, version)
    assert any(bad.table == "interactions" for bad in refused.value.places)
    assert (await current(units, hospital)).number == 1


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b"id,name\n", b"42", b'{"rows": 7}'], ids=repr
)
async def test_what_is_no_table_is_refused_whole(units: Units, hospital: UUID, content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        await imported(units, hospital, "medicines", content, replaces=True)


async def test_rules_come_whole_or_not_at_all(units: Units, hospital: UUID) -> None:
    _, report = await imported(units, hospital, "frequencies", b'[{"code": "qd"}]')
    assert report.taken == 0
    assert report.bad[0]["field"] == "label_zh"
    version, report = await imported(
        units, hospital, "frequencies", b'[{"code": "qd", "label_zh": "1", "takes_per_day": 1}]'
    )
    assert report.taken == 1
    async with units.system("test") as unit:
        assert list((await version_row(unit, version)).rules["frequencies"])


async def test_what_was_published_or_discarded_is_never_edited(units: Units, hospital: UUID) -> None:
    published = await current(units, hospital)
    with pytest.raises(VersionFixed):
        await take_in(units, hospital, published.id, "medicines", b"[]", replaces=True)
    async with units.system("test") as unit:
        dropped = await draft(unit, hospital)
        await discard(unit, dropped.id)
        with pytest.raises(VersionFixed):
            await publish(unit, dropped.id)


async def test_a_signed_sheet_still_finds_the_book_it_was_written_by(units: Units, hospital: UUID) -> None:
    first = await current(units, hospital)
    rows = [row | {"price_cny": "1.00"} for row in medicines() if row["id"] == "W001"]
    version, _ = await imported(units, hospital, "medicines", as_csv(rows))
    async with units.system("test") as unit:
        await publish(unit, version)
    async with units.system("test") as unit:
        assert (await version_row(unit, first.id)).state is BookState.RETIRED
        assert (await book_of(unit, first.id)).book.medicines["W001"].price == 1680


async def test_one_hospital_does_not_see_the_drafts_of_another(units: Units, hospital: UUID) -> None:
    other = await add_hospital(units, code="other")
    async with units.system("test") as unit:
        mine = await draft(unit, hospital)
    async with units.hospital(other.id, HOUSE) as unit:
        with pytest.raises(VersionNotFound):
            await discard(unit, mine.id)
