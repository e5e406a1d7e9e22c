from telehealth.core.feature import Feature
from telehealth.directory import api, jobs, pages
from telehealth.directory.audit_words import WORDS
from telehealth.directory.queries import hospital_names

feature = Feature(
    name="directory",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    deadlines=jobs.deadlines,
    templates="telehealth.directory",
    contributions=(
        ("audit_words", WORDS),
        ("hospital_names", hospital_names),
    ),
)
