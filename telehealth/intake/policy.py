"""Who may read and write a condition form. Whose rows are seen at all, row-level security has decided."""

from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState

#: Staff who see patients or register them; others of the hospital have no business in a form.
STAFF_READ = frozenset({Permission.SEE_CLINICS, Permission.BOOK_FOR_PATIENT})


def may_read(unit: Unit, form: IntakeForm) -> bool:
    """What a patient has not sent yet is nobody else's; a draft of the desk's own is the desk's."""
    actor = unit.actor
    if not actor.is_staff:
        return True
    is_unsent = form.state is FormState.DRAFT and form.account_id is not None
    return bool(actor.permissions & STAFF_READ) and not is_unsent


def may_write(unit: Unit) -> bool:
    """A patient their own, the desk for somebody who is standing there."""
    return not unit.actor.is_staff or unit.actor.may(Permission.BOOK_FOR_PATIENT)
