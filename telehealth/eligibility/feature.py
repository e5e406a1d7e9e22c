"""What the follow-up gate offers the house."""

from telehealth.core.feature import Feature
from telehealth.eligibility import api, pages
from telehealth.eligibility.audit_words import WORDS
from telehealth.eligibility.measuring import MEASURING
from telehealth.eligibility.rehearsing import rehearse_cases, sample_cases

feature = Feature(
    name="eligibility",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.eligibility",
    contributions=(
        ("audit_words", WORDS),
        ("rehearsals", rehearse_cases),
        ("rehearsal_samples", sample_cases),
        ("metrics", MEASURING),
    ),
)
