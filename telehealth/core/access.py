"""Who acts, and what their roles allow. The coarse gate of every route.

Fine questions (whose booking? which hospital's?) are each feature's `policy.py` and the
database's row-level security.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from telehealth.core.errors import Forbidden, Unauthenticated


class Role(StrEnum):
    PATIENT = "patient"
    DESK = "desk"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    PHARMACY = "pharmacy"
    REVIEWER = "reviewer"
    FINANCE = "finance"
    ADMIN = "admin"
    HEAD = "head"


class Permission(StrEnum):
    OWN_ACCOUNT = "own_account"
    MANAGE_PEOPLE = "manage_people"
    BOOK = "book"
    STAFF_HOME = "staff_home"
    PLAN_CLINICS = "plan_clinics"
    SEE_CLINICS = "see_clinics"
    BOOK_FOR_PATIENT = "book_for_patient"
    REVIEW_DOCUMENTS = "review_documents"
    LIFT_STRIKE = "lift_strike"
    HANDLE_COMPLAINTS = "handle_complaints"
    EDIT_RULEBOOK = "edit_rulebook"
    MANAGE_STAFF = "manage_staff"
    MANAGE_DIRECTORY = "manage_directory"
    MANAGE_NOTICES = "manage_notices"
    MANAGE_CALENDAR = "manage_calendar"
    SEARCH_AUDIT = "search_audit"
    TRACE_MESSAGES = "trace_messages"
    SEE_JOBS = "see_jobs"
    PAY = "pay"
    TAKE_CASH = "take_cash"
    SEE_MONEY = "see_money"
    MANAGE_REFUNDS = "manage_refunds"
    CONSULT = "consult"
    SEE_RECORDS = "see_records"
    REVIEW_PRESCRIPTIONS = "review_prescriptions"
    DISPENSE = "dispense"
    MANAGE_STOCK = "manage_stock"
    MANAGE_FORMULARY = "manage_formulary"
    COLLECT_PRESCRIPTIONS = "collect_prescriptions"
    SEE_FIGURES = "see_figures"
    CALL_QUEUE = "call_queue"


P = Permission

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.PATIENT: frozenset({P.OWN_ACCOUNT, P.MANAGE_PEOPLE, P.BOOK, P.PAY}),
    Role.DESK: frozenset(
        {
            P.OWN_ACCOUNT, P.STAFF_HOME, P.PLAN_CLINICS, P.SEE_CLINICS, P.BOOK_FOR_PATIENT,
            P.REVIEW_DOCUMENTS, P.TAKE_CASH, P.COLLECT_PRESCRIPTIONS, P.TRACE_MESSAGES, P.HANDLE_COMPLAINTS,
            P.CALL_QUEUE,
        }
    ),
    Role.DOCTOR: frozenset({P.OWN_ACCOUNT, P.STAFF_HOME, P.SEE_CLINICS, P.CONSULT, P.CALL_QUEUE}),
    Role.PHARMACIST: frozenset({P.OWN_ACCOUNT, P.STAFF_HOME, P.REVIEW_PRESCRIPTIONS}),
    Role.PHARMACY: frozenset({P.OWN_ACCOUNT, P.STAFF_HOME, P.DISPENSE, P.MANAGE_STOCK}),
    Role.REVIEWER: frozenset(
        {P.OWN_ACCOUNT, P.STAFF_HOME, P.REVIEW_DOCUMENTS, P.LIFT_STRIKE, P.HANDLE_COMPLAINTS}
    ),
    Role.FINANCE: frozenset({P.OWN_ACCOUNT, P.STAFF_HOME, P.SEE_MONEY, P.MANAGE_REFUNDS}),
    Role.ADMIN: frozenset(
        {
            P.OWN_ACCOUNT, P.STAFF_HOME, P.SEE_CLINICS, P.EDIT_RULEBOOK, P.MANAGE_STAFF, P.MANAGE_DIRECTORY,
            P.MANAGE_NOTICES, P.MANAGE_CALENDAR, P.SEARCH_AUDIT, P.SEE_JOBS, P.LIFT_STRIKE,
            P.MANAGE_FORMULARY, P.TRACE_MESSAGES,
        }
    ),
    Role.HEAD: frozenset(
        {
            P.OWN_ACCOUNT, P.STAFF_HOME, P.SEE_CLINICS, P.SEARCH_AUDIT, P.SEE_MONEY, P.SEE_RECORDS,
            P.HANDLE_COMPLAINTS, P.SEE_FIGURES,
        }
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: a patient (`hospital_id` is None), staff of one hospital, or the house itself."""

    account_id: UUID | None = None
    hospital_id: UUID | None = None
    roles: frozenset[Role] = frozenset()
    name: str = ""
    #: How they signed in: "code", "password", "totp", "refresh". Staff work needs "totp".
    assurance: str = ""
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    #: The session they came with, where there is one: it knows when they last gave a second factor.
    session_id: UUID | None = field(default=None, compare=False)

    @classmethod
    def signed_in(
        cls,
        account_id: UUID,
        roles: frozenset[Role],
        *,
        hospital_id: UUID | None = None,
        name: str = "",
        assurance: str = "code",
        session_id: UUID | None = None,
    ) -> "Actor":
        permissions = frozenset().union(*(GRANTS[role] for role in roles)) if roles else frozenset()
        return cls(account_id, hospital_id, roles, name, assurance, permissions, session_id)

    @property
    def is_staff(self) -> bool:
        return self.hospital_id is not None

    @property
    def is_known(self) -> bool:
        return self.account_id is not None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Unauthenticated for nobody, Forbidden for somebody without the permission."""
        if not self.is_known:
            raise Unauthenticated()
        if not self.may(permission):
            raise Forbidden(permission=str(permission))

    @property
    def account(self) -> UUID:
        """The account id of somebody known. Raises Unauthenticated for nobody."""
        if self.account_id is None:
            raise Unauthenticated()
        return self.account_id

    @property
    def hospital(self) -> UUID:
        """The hospital of a member of staff. Raises Forbidden for anybody else."""
        if self.hospital_id is None:
            raise Forbidden()
        return self.hospital_id


NOBODY = Actor()
#: The house itself: sweeps, jobs, callbacks.
HOUSE = Actor(name="house")
