"""The condition form: what a booking may ask of it."""

from telehealth.intake.errors import FormNotFound, FormNotSubmitted
from telehealth.intake.filling import release_form, use_form
from telehealth.intake.models import IntakeAttachment, IntakeForm
from telehealth.intake.queries import FORM, attachments, ready_form, seen_form, submitted_form
from telehealth.intake.releasing import release_forms
from telehealth.intake.states import AttachmentState, FormState

__all__ = [
    "FORM",
    "AttachmentState", "FormNotFound", "FormNotSubmitted", "FormState", "IntakeAttachment", "IntakeForm",
    "attachments", "ready_form", "release_form", "release_forms", "seen_form", "submitted_form", "use_form",
]  # fmt: skip
