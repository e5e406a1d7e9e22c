"""An insurer's cover for one charge, from the authorised code to the money."""

from enum import StrEnum

from telehealth.core.machine import Machine


class Category(StrEnum):
    """What kind of settlement a person's entitlement is (GS09, GS10). Only `ordinary` settles online."""

    ORDINARY = "ordinary"
    CHRONIC = "chronic"
    MATERNITY = "maternity"
    WORK_INJURY = "work_injury"


class Giveup(StrEnum):
    """Why a cover comes to nothing. The seat is untouched by any of them (BJ06)."""

    PATIENT = "patient"
    EXPIRED = "expired"
    CATEGORY = "excluded_category"
    REGION = "region"
    UNINSURED = "uninsured"
    INSURER = "insurer"
    #: The insurer's parts do not sum to the whole.
    IDENTITY = "identity"
    #: Nobody pays any more: the charge has gone, or a newer cover took its place.
    ABANDONED = "abandoned"
    #: Payer or patient ended the family account before anything was deducted (GS08).
    UNBOUND = "unbound"


class CoverState(StrEnum):
    #: The patient is at the insurer's page.
    ASKED = "asked"
    AUTHORISED = "authorised"
    #: Fees are uploaded and split; nothing is deducted.
    PRICED = "priced"
    SETTLED = "settled"
    #: Given back whole, or revoked before anything was deducted.
    REVERSED = "reversed"
    #: The patient refused, the code expired, or the insurer said no.
    REFUSED = "refused"


class CoverEvent(StrEnum):
    AUTHORISE = "authorise"
    PRICE = "price"
    SETTLE = "settle"
    REVERSE = "reverse"
    REFUSE = "refuse"


COVER = Machine(
    "cover",
    CoverState.ASKED,
    {
        (CoverState.ASKED, CoverEvent.AUTHORISE): CoverState.AUTHORISED,
        (CoverState.ASKED, CoverEvent.REFUSE): CoverState.REFUSED,
        (CoverState.AUTHORISED, CoverEvent.PRICE): CoverState.PRICED,
        (CoverState.AUTHORISED, CoverEvent.REFUSE): CoverState.REFUSED,
        (CoverState.PRICED, CoverEvent.SETTLE): CoverState.SETTLED,
        (CoverState.PRICED, CoverEvent.REVERSE): CoverState.REVERSED,
        (CoverState.SETTLED, CoverEvent.REVERSE): CoverState.REVERSED,
    },
)
