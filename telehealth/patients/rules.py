"""Who a person is on paper: documents, names, phones, and whose consent adding them needs."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import phonenumbers

from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.rulebook.rules import PolicySet


def N_(message: str) -> str:
    return message


class DocumentKind(StrEnum):
    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"  # of Hong Kong, Macau and Taiwan residents
    HK_MACAU_TRAVEL = "hk_macau_travel"
    TAIWAN_TRAVEL = "taiwan_travel"
    FOREIGN_RESIDENT = "foreign_resident"
    PASSPORT = "passport"


DOCUMENT_LABELS = {
    DocumentKind.RESIDENT_ID: N_("居民身份证"),
    DocumentKind.RESIDENCE_PERMIT: N_("港澳台居民居住证"),
    DocumentKind.HK_MACAU_TRAVEL: N_("港澳居民来往内地通行证"),
    DocumentKind.TAIWAN_TRAVEL: N_("台湾居民来往大陆通行证"),
    DocumentKind.FOREIGN_RESIDENT: N_("外国人永久居留身份证"),
    DocumentKind.PASSPORT: N_("护照"),
}


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class DocumentFault(StrEnum):
    EMPTY = "empty"
    BAD_FORMAT = "bad_format"
    OTHER_KIND = "other_kind"
    IMPOSSIBLE_DATE = "impossible_date"
    FUTURE_DATE = "future_date"
    WRONG_CHECKSUM = "wrong_checksum"
    COUNTRY_MISSING = "country_missing"


FAULT_SENTENCES = {
    DocumentFault.EMPTY: N_("请填写证件号码"),
    DocumentFault.BAD_FORMAT: N_("证件号码的格式不对，请与证件核对"),
    DocumentFault.OTHER_KIND: N_("这个号码属于另一种证件，请重新选择证件类型"),
    DocumentFault.IMPOSSIBLE_DATE: N_("证件号码里的出生日期不存在，请与证件核对"),
    DocumentFault.FUTURE_DATE: N_("证件号码里的出生日期还没有到，请与证件核对"),
    DocumentFault.WRONG_CHECKSUM: N_("证件号码的校验位不对，可能输错了一位"),
    DocumentFault.COUNTRY_MISSING: N_("请选择护照的签发国家或地区"),
}


class DocumentInvalid(FieldsInvalid):
    """`fault` tells which check spoke; the number itself is never part of the error."""

    code = "document_invalid"

    def __init__(self, fault: DocumentFault, field: str = "number") -> None:
        super().__init__({field: FAULT_SENTENCES[fault]})
        self.fault = fault
        self.facts["fault"] = str(fault)


@dataclass(frozen=True)
class Document:
    """`number` is normalised: upper case, no blanks, a 15-digit legacy number made 18.

    `birth_date` and `sex` are what the number itself says; None where it says nothing.
    `country` is the issuing country of a passport, ISO 3166 upper case.
    """

    kind: DocumentKind
    number: str
    birth_date: date | None = None
    sex: Sex | None = None
    country: str | None = None


class Relation(StrEnum):
    """What the patient is to the person whose account it is."""

    SELF = "self"
    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    WARD = "ward"
    OTHER = "other"


class ConsentKind(StrEnum):
    ADULT = "adult"
    GUARDIANSHIP_PROOF = "guardianship_proof"
    CHILD_DATA = "child_data"


class ConsentWay(StrEnum):
    """How an adult may agree; a face is never the only way."""

    PHONE_CODE = "phone_code"
    FACE = "face"
    COUNTER = "counter"
    #: Name, document, card and phone as a bank holds them, and a code to that phone.
    BANK_CARD = "bank_card"


RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS = "10X98765432"
_PERMIT_PREFIXES = ("810000", "820000", "830000")
_EARLIEST_BIRTH_YEAR = 1900

_PATTERNS = {
    DocumentKind.HK_MACAU_TRAVEL: re.compile(r"[HM]([0-9]{8}|[0-9]{10})"),
    DocumentKind.TAIWAN_TRAVEL: re.compile(r"[0-9]{8}|[0-9]{10}[A-Z]?"),
    DocumentKind.FOREIGN_RESIDENT: re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{17}"),
    DocumentKind.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
}


def parse_document(
    kind: DocumentKind, number: str, *, today: HospitalDay, country: str | None = None
) -> Document:
    """Check and normalise one document number. Raises DocumentInvalid."""
    text = normalise_number(number)
    if not text:
        raise DocumentInvalid(DocumentFault.EMPTY)
    if kind is DocumentKind.RESIDENT_ID or kind is DocumentKind.RESIDENCE_PERMIT:
        return _parse_resident(kind, text, today)
    if not _PATTERNS[kind].fullmatch(text):
        raise DocumentInvalid(DocumentFault.BAD_FORMAT)
    if kind is not DocumentKind.PASSPORT:
        return Document(kind, text)
    return Document(kind, text, country=_country(country))


def normalise_number(number: str) -> str:
    """Full width to half, upper case, without the blanks and brackets people copy along."""
    text = unicodedata.normalize("NFKC", number).upper()
    return re.sub(r"[\s()]", "", text)


def resident_check(first_17: str) -> str:
    """The check character of GB 11643 over 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, first_17, strict=True))
    return RESIDENT_CHECKS[total % 11]


def _parse_resident(kind: DocumentKind, text: str, today: HospitalDay) -> Document:
    is_legacy = kind is DocumentKind.RESIDENT_ID and re.fullmatch(r"[1-9][0-9]{14}", text)
    if is_legacy:
        text = text[:6] + "19" + text[6:]
        text += resident_check(text)
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text):
        raise DocumentInvalid(DocumentFault.BAD_FORMAT)
    _refuse_other_kind(kind, text)
    born = _birth_date(text[6:14])
    if born > today:
        raise DocumentInvalid(DocumentFault.FUTURE_DATE)
    if resident_check(text[:17]) != text[17]:
        raise DocumentInvalid(DocumentFault.WRONG_CHECKSUM)
    sex = Sex.MALE if int(text[16]) % 2 else Sex.FEMALE
    return Document(kind, text, birth_date=born, sex=sex)


def _refuse_other_kind(kind: DocumentKind, text: str) -> None:
    """Divisions start with 1 to 6; 8 is a residence permit, 9 a foreign permanent resident."""
    is_permit = text.startswith(_PERMIT_PREFIXES)
    if is_permit != (kind is DocumentKind.RESIDENCE_PERMIT):
        raise DocumentInvalid(DocumentFault.OTHER_KIND)
    if not is_permit and text[0] not in "123456":
        raise DocumentInvalid(DocumentFault.OTHER_KIND if text[0] == "9" else DocumentFault.BAD_FORMAT)


def _birth_date(digits: str) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise DocumentInvalid(DocumentFault.IMPOSSIBLE_DATE) from None
    if born.year < _EARLIEST_BIRTH_YEAR:
        raise DocumentInvalid(DocumentFault.IMPOSSIBLE_DATE)
    return born


def _country(country: str | None) -> str:
    text = unicodedata.normalize("NFKC", country or "").strip().upper()
    if not re.fullmatch(r"[A-Z]{2,3}", text):
        raise DocumentInvalid(DocumentFault.COUNTRY_MISSING, "country")
    return text


NAME_LENGTH = (2, 50)
_MIDDLE_DOTS = re.compile(r"\s*[·•‧・∙⋅･]\s*")
_HAN = "㐀-䶿一-鿿〇豈-﫿\U00020000-\U0003ffff"
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_NAME = re.compile(f"[{_HAN}{_LATIN}](?:[{_HAN}{_LATIN}·' .-]*[{_HAN}{_LATIN}.])?")


def normalise_name(name: str, *, field: str = "name") -> str:
    """A real name as it is stored and compared: half width, one kind of middle dot, single blanks.

    Raises FieldsInvalid under `field`.
    """
    text = " ".join(unicodedata.normalize("NFKC", name).replace("’", "'").split())
    text = _MIDDLE_DOTS.sub("·", text)
    text = re.sub(f"(?<=[{_HAN}]) (?=[{_HAN}])", "", text)
    if not text:
        raise FieldsInvalid({field: N_("请填写真实姓名")})
    if not NAME_LENGTH[0] <= len(text) <= NAME_LENGTH[1]:
        raise FieldsInvalid({field: N_("姓名应为 2 到 50 个字")})
    if not _NAME.fullmatch(text):
        raise FieldsInvalid({field: N_("姓名只能有汉字、字母、空格和间隔号“·”")})
    return text


def normalise_phone(phone: str, *, region: str = "CN", field: str = "phone") -> str:
    """A number that can receive a code, in E.164. Without a country code it is one of `region`.

    Raises FieldsInvalid under `field`.
    """
    text = unicodedata.normalize("NFKC", phone).strip()
    if not text:
        raise FieldsInvalid({field: N_("请填写手机号")})
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise FieldsInvalid({field: N_("手机号格式不对")}) from None
    if not phonenumbers.is_valid_number(number):
        raise FieldsInvalid({field: N_("手机号不存在，请检查是否多输或少输")})
    if phonenumbers.number_type(number) not in _MOBILE:
        raise FieldsInvalid({field: N_("请填写能收短信的手机号")})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_MOBILE = frozenset({
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
})  # fmt: skip


def consents_needed(age: int, relation: Relation, policy: PolicySet) -> list[ConsentKind]:
    """Which consents adding this person takes (XY17), in the order in which they are asked for.

    A minor needs a guardian whoever adds them, also when the account is their own.
    """
    numbers = policy.eligibility
    if age >= numbers.guardian_required_under:
        return [] if relation is Relation.SELF else [ConsentKind.ADULT]
    if age >= numbers.separate_consent_under:
        return [ConsentKind.GUARDIANSHIP_PROOF]
    return [ConsentKind.GUARDIANSHIP_PROOF, ConsentKind.CHILD_DATA]
