from telehealth.core.feature import Feature
from telehealth.payments import models as models

feature = Feature(name="payments")
