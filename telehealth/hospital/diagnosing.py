"""A diagnosis in codes: the hospital's own, and the ICD-10 code it stands under."""

import re

from telehealth.hospital.elements import ICD10, Element, coding, concept, local

#: WHO's ICD-10 ends at the fifth character; what national lists add after it ("x002") is theirs.
_WHO = re.compile(r"([A-Z][0-9]{2})(?:\.?([0-9]{1,2})(?![0-9]))?")


def diagnosis(hospital: str, code: str, text: str = "") -> Element:
    """I10.x00x002 → the hospital's I10.x00x002, and I10 of ICD-10."""
    own = coding(local(hospital, "diagnosis"), code, text)
    found = icd10_code(code)
    return concept(*([coding(ICD10, found)] if found else []), own, text=text)


def icd10_code(code: str) -> str:
    """The part of a national code that ICD-10 knows; empty where there is none."""
    found = _WHO.match(code.strip().upper())
    if found is None:
        return ""
    return f"{found[1]}.{found[2]}" if found[2] else found[1]
