from telehealth.core.feature import Feature
from telehealth.rulebook import api
from telehealth.rulebook.audit_words import WORDS

feature = Feature(
    name="rulebook",
    api=tuple(api.routes),
    contributions=(("audit_words", WORDS),),
)
