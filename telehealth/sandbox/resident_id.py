"""Resident ID numbers after GB 11643, made and checked for the sample persons."""

import re
from datetime import date

#: Zhejiang without a city or county: a division that was never assigned, so nobody holds such a number.
UNASSIGNED_DIVISION = "330098"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_character(first_17: str) -> str:
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def resident_id(*, born: date, sequence: int) -> str:
    """The number of a sample person; an odd `sequence` is a man."""
    first_17 = f"{UNASSIGNED_DIVISION}{born:%Y%m%d}{sequence:03d}"
    return first_17 + check_character(first_17)


def is_resident_id(number: str) -> bool:
    """18 characters with an upper-case check, a date that exists and is not far in the future."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number) or check_character(number[:17]) != number[17]:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return int(number[6:10]) >= 1850


def birth_date(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
