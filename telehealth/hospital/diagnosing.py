"""A diagnosis in codes: the hospital's own, and the ICD-10 code it stands under."""

import re

from telehealth.hospital.elements import ICD10, Element, coding, concept, local

#: WHO's code ends with one or two characters after the dot. A national list (GB/T 14396) puts two more behind
#: the first, "E11.900", and fills a missing one with an x, "I10.x00x002".
_WHO = re.compile(r"([A-Z][0-9]{2})(?:\.?([0-9]{1,2})(?![0-9])|\.?([0-9])[0-9]+)?")


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
    after = found[2] or found[3]
    return f"{found[1]}.{after}" if after else found[1]
