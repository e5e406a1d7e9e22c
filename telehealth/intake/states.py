"""The condition form and the files that go with it: their states, and what each allows."""

from enum import StrEnum

from telehealth.core.machine import Machine


class FormState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    #: Part of a booking: it is what the doctor reads, so nobody changes it any more.
    USED = "used"


class FormEvent(StrEnum):
    SUBMIT = "submit"
    REVISE = "revise"
    USE = "use"
    #: The booking lapsed before anybody paid.
    RELEASE = "release"


FORM: Machine[FormState, FormEvent] = Machine(
    "intake_form",
    FormState.DRAFT,
    {
        (FormState.DRAFT, FormEvent.SUBMIT): FormState.SUBMITTED,
        (FormState.SUBMITTED, FormEvent.REVISE): FormState.DRAFT,
        (FormState.SUBMITTED, FormEvent.USE): FormState.USED,
        (FormState.USED, FormEvent.RELEASE): FormState.SUBMITTED,
    },
)


class AttachmentState(StrEnum):
    #: An address was given out; nothing has been looked at.
    OFFERED = "offered"
    READY = "ready"
    REFUSED = "refused"
    REMOVED = "removed"


class AttachmentEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    REMOVE = "remove"


ATTACHMENT: Machine[AttachmentState, AttachmentEvent] = Machine(
    "intake_attachment",
    AttachmentState.OFFERED,
    {
        (AttachmentState.OFFERED, AttachmentEvent.ACCEPT): AttachmentState.READY,
        (AttachmentState.OFFERED, AttachmentEvent.REFUSE): AttachmentState.REFUSED,
        (AttachmentState.OFFERED, AttachmentEvent.REMOVE): AttachmentState.REMOVED,
        (AttachmentState.READY, AttachmentEvent.REMOVE): AttachmentState.REMOVED,
    },
)
