"""What the condition form offers the house."""

from telehealth.core.feature import Feature, Periodic
from telehealth.intake import api, pages, red_flags
from telehealth.intake.audit_words import WORDS
from telehealth.intake.clearing import remove_files, sweep_incoming
from telehealth.intake.dropping import on_link_ended
from telehealth.patients import LinkEnded

feature = Feature(
    name="intake",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.intake",
    tasks=(remove_files,),
    periodic=(Periodic("intake.sweep_incoming", 3600, sweep_incoming),),
    subscriptions=((LinkEnded, on_link_ended),),
    #: Fits `telehealth.eligibility.ports.RedFlagBook`: the gate asks the same questions before the form.
    contributions=(
        ("audit_words", WORDS),
        ("red_flags", red_flags),
    ),
)
