"""Where people are insured, and the insurer's part in paying for one charge."""

from telehealth.insurance.errors import (
    AuthorisationLost,
    CoverNotFound,
    CoverNotOffered,
    CoverTaken,
    InsurerDown,
    InsurerRefused,
    SplitUnsound,
)
from telehealth.insurance.models import Cover, InsuranceRecord
from telehealth.insurance.ports import CoverTruth, Fee, Insured, Insurer, Settlement, Split
from telehealth.insurance.queries import (
    cover_of,
    cover_of_charge,
    covers_by_serial,
    last_refused,
    record_of,
    serials_of,
)
from telehealth.insurance.states import Category, CoverState, Giveup

__all__ = [
    "AuthorisationLost", "Category", "Cover", "CoverNotFound", "CoverNotOffered", "CoverState", "CoverTaken",
    "CoverTruth", "Fee", "Giveup", "InsuranceRecord", "Insured", "Insurer", "InsurerDown", "InsurerRefused",
    "Settlement", "Split", "SplitUnsound", "cover_of", "cover_of_charge",
    "covers_by_serial", "last_refused", "record_of", "serials_of",
]  # fmt: skip
