"""Documents, names, phones and consents (XY17). All persons and numbers are made up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.core.errors import FieldsInvalid
from telehealth.patients.rules import (
    FAULT_SENTENCES,
    RESIDENT_CHECKS,
    ConsentKind,
    DocumentFault,
    DocumentInvalid,
    DocumentKind,
    Relation,
    Sex,
    consents_needed,
    normalise_name,
    normalise_phone,
    parse_document,
    resident_check,
)
from telehealth.rulebook.rules import parse_policy, sample_policy

TODAY = date(2026, 11, 21)
K = DocumentKind


def number(first_17: str) -> str:
    return first_17 + resident_check(first_17)


def fault(kind: DocumentKind, text: str, country: str | None = None) -> DocumentFault:
    with pytest.raises(DocumentInvalid) as caught:
        parse_document(kind, text, today=TODAY, country=country)
    return caught.value.fault


def test_XY17_the_published_vector_of_the_standard() -> None:
    document = parse_document(K.RESIDENT_ID, "11010519491231002X", today=TODAY)
    assert document.number == "11010519491231002X"
    assert document.birth_date == date(1949, 12, 31)
    assert document.sex is Sex.FEMALE


def test_XY17_lower_case_full_width_and_blanks_are_the_same_number() -> None:
    for text in ("11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"):
        assert parse_document(K.RESIDENT_ID, text, today=TODAY).number == "11010519491231002X"


def test_XY17_a_legacy_number_of_15_becomes_18() -> None:
    document = parse_document(K.RESIDENT_ID, "110105491231002", today=TODAY)
    assert document.number == "11010519491231002X"
    assert document.birth_date == date(1949, 12, 31)


def test_XY17_the_17th_digit_tells_the_sex() -> None:
    assert parse_document(K.RESIDENT_ID, number("11010519900307003"), today=TODAY).sex is Sex.MALE
    assert parse_document(K.RESIDENT_ID, number("11010519900307004"), today=TODAY).sex is Sex.FEMALE


def test_XY17_each_mistake_in_a_resident_number_has_its_own_words() -> None:
    assert fault(K.RESIDENT_ID, "") is DocumentFault.EMPTY
    assert fault(K.RESIDENT_ID, "   ") is DocumentFault.EMPTY
    assert fault(K.RESIDENT_ID, "1101051949123100") is DocumentFault.BAD_FORMAT
    assert fault(K.RESIDENT_ID, "1101051949123100XX") is DocumentFault.BAD_FORMAT
    assert fault(K.RESIDENT_ID, "110105194912310021") is DocumentFault.WRONG_CHECKSUM
    assert fault(K.RESIDENT_ID, number("11010519490230002")) is DocumentFault.IMPOSSIBLE_DATE
    assert fault(K.RESIDENT_ID, number("11010519491331002")) is DocumentFault.IMPOSSIBLE_DATE
    assert fault(K.RESIDENT_ID, number("11010518991231002")) is DocumentFault.IMPOSSIBLE_DATE
    assert fault(K.RESIDENT_ID, number("11010520261122002")) is DocumentFault.FUTURE_DATE
    assert fault(K.RESIDENT_ID, "110105490230002") is DocumentFault.IMPOSSIBLE_DATE
    assert len(set(FAULT_SENTENCES.values())) == len(DocumentFault)


def test_XY17_somebody_born_today_is_no_future_date() -> None:
    assert parse_document(K.RESIDENT_ID, number("11010520261121002"), today=TODAY).birth_date == TODAY


def test_XY17_an_error_never_repeats_the_number() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        parse_document(K.RESIDENT_ID, "110105194912310021", today=TODAY)
    assert "1101051949" not in str(caught.value) + str(caught.value.facts)
    assert caught.value.fields == {"number": "证件号码的校验位不对，可能输错了一位"}
    assert isinstance(caught.value, FieldsInvalid)


digits_17 = st.tuples(
    st.integers(110000, 659999), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999)
).map(lambda parts: f"{parts[0]}{parts[1]:%Y%m%d}{parts[2]:03d}")


@given(digits_17)
def test_XY17_every_number_with_its_own_check_is_read(first_17: str) -> None:
    document = parse_document(K.RESIDENT_ID, number(first_17), today=TODAY)
    assert document.birth_date is not None
    assert f"{document.birth_date:%Y%m%d}" == first_17[6:14]


@given(digits_17, st.sampled_from(RESIDENT_CHECKS))
def test_XY17_no_other_check_character_passes(first_17: str, check: str) -> None:
    if check != resident_check(first_17):
        assert fault(K.RESIDENT_ID, first_17 + check) is DocumentFault.WRONG_CHECKSUM


@given(digits_17, st.integers(14, 16), st.integers(1, 9))
def test_XY17_one_wrong_digit_in_the_sequence_is_found(first_17: str, at: int, by: int) -> None:
    wrong = str((int(first_17[at]) + by) % 10)
    mistyped = first_17[:at] + wrong + first_17[at + 1 :] + resident_check(first_17)
    assert fault(K.RESIDENT_ID, mistyped) is DocumentFault.WRONG_CHECKSUM


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000"])
def test_XY17_a_residence_permit_is_checked_like_a_resident_number(prefix: str) -> None:
    permit = number(prefix + "19900307004")
    assert parse_document(K.RESIDENCE_PERMIT, permit, today=TODAY).birth_date == date(1990, 3, 7)
    assert fault(K.RESIDENCE_PERMIT, permit[:-1] + ("0" if permit[-1] != "0" else "1")) is (
        DocumentFault.WRONG_CHECKSUM
    )
    assert fault(K.RESIDENT_ID, permit) is DocumentFault.OTHER_KIND


def test_XY17_a_resident_number_is_no_residence_permit() -> None:
    assert fault(K.RESIDENCE_PERMIT, "11010519491231002X") is DocumentFault.OTHER_KIND
    assert fault(K.RESIDENCE_PERMIT, "110105491231002") is DocumentFault.BAD_FORMAT
    assert fault(K.RESIDENT_ID, number("91010519900307004")) is DocumentFault.OTHER_KIND


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        (K.HK_MACAU_TRAVEL, "h12345678", "H12345678"),
        (K.HK_MACAU_TRAVEL, "M1234567801", "M1234567801"),
        (K.TAIWAN_TRAVEL, "12345678", "12345678"),
        (K.TAIWAN_TRAVEL, "1234567890", "1234567890"),
        (K.TAIWAN_TRAVEL, "1234567890(B)", "1234567890B"),
        (K.FOREIGN_RESIDENT, "abc123456789012", "ABC123456789012"),
        (K.FOREIGN_RESIDENT, "911156199003070045", "911156199003070045"),
    ],
)
def test_XY17_permits_are_checked_by_pattern(kind: DocumentKind, text: str, stored: str) -> None:
    document = parse_document(kind, text, today=TODAY)
    assert (document.number, document.birth_date, document.sex) == (stored, None, None)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.HK_MACAU_TRAVEL, "X12345678"),
        (K.HK_MACAU_TRAVEL, "H123456789"),
        (K.TAIWAN_TRAVEL, "123456789"),
        (K.TAIWAN_TRAVEL, "12345678A"),
        (K.FOREIGN_RESIDENT, "AB1234567890123"),
        (K.FOREIGN_RESIDENT, "811156199003070045"),
        (K.PASSPORT, "E123"),
        (K.PASSPORT, "E12345678901234567"),
        (K.PASSPORT, "E1234-678"),
    ],
)
def test_XY17_permits_of_another_shape_are_refused(kind: DocumentKind, text: str) -> None:
    assert fault(kind, text, country="FRA") is DocumentFault.BAD_FORMAT


def test_XY17_a_passport_needs_its_country() -> None:
    document = parse_document(K.PASSPORT, "e12345678", today=TODAY, country=" fra ")
    assert (document.number, document.country) == ("E12345678", "FRA")
    for country in (None, "", "F", "FRAN", "法国"):
        assert fault(K.PASSPORT, "E12345678", country) is DocumentFault.COUNTRY_MISSING


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("张三", "张三"),
        (" 张 三 ", "张三"),
        ("买买提 • 艾力", "买买提·艾力"),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "John Smith"),
        ("Jean-Luc  O’Brien", "Jean-Luc O'Brien"),
        ("José Núñez", "José Núñez"),
        ("𠮷野", "𠮷野"),
        ("名" * 50, "名" * 50),
    ],
)
def test_XY17_a_name_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert normalise_name(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", " ", "王", "名" * 51, "张3", "张三!", "·张三", "张三·", "<b>张三</b>", "张\x00三"]
)
def test_XY17_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(FieldsInvalid) as caught:
        normalise_name(typed, field="person.name")
    assert list(caught.value.fields) == ["person.name"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("＋86 138-0013-8000", "+8613800138000"),
        ("+852 6123 4567", "+85261234567"),
    ],
)
def test_XY16_a_phone_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert normalise_phone(typed) == stored


@pytest.mark.parametrize("typed", ["", "abc", "138001380", "010-62835678", "+8613", "1" * 40])
def test_XY16_what_cannot_receive_a_code_is_refused(typed: str) -> None:
    with pytest.raises(FieldsInvalid) as caught:
        normalise_phone(typed)
    assert "phone" in caught.value.fields


@pytest.mark.parametrize(
    ("age", "relation", "consents"),
    [
        (30, Relation.SELF, []),
        (18, Relation.SELF, []),
        (18, Relation.CHILD, [ConsentKind.ADULT]),
        (70, Relation.PARENT, [ConsentKind.ADULT]),
        (17, Relation.CHILD, [ConsentKind.GUARDIANSHIP_PROOF]),
        (14, Relation.CHILD, [ConsentKind.GUARDIANSHIP_PROOF]),
        (13, Relation.CHILD, [ConsentKind.GUARDIANSHIP_PROOF, ConsentKind.CHILD_DATA]),
        (0, Relation.WARD, [ConsentKind.GUARDIANSHIP_PROOF, ConsentKind.CHILD_DATA]),
        (13, Relation.SELF, [ConsentKind.GUARDIANSHIP_PROOF, ConsentKind.CHILD_DATA]),
    ],
)
def test_XY17_who_must_agree(age: int, relation: Relation, consents: list[ConsentKind]) -> None:
    assert consents_needed(age, relation, sample_policy()) == consents


def test_XY17_the_ages_of_consent_are_numbers_of_the_policy() -> None:
    policy = parse_policy({"eligibility": {"guardian_required_under": 21, "separate_consent_under": 16}})
    assert consents_needed(20, Relation.SELF, policy) == [ConsentKind.GUARDIANSHIP_PROOF]
    assert ConsentKind.CHILD_DATA in consents_needed(15, Relation.CHILD, policy)
