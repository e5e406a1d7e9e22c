from telehealth.core.feature import Feature
from telehealth.rulebook import api

feature = Feature(name="rulebook", api=tuple(api.routes))
