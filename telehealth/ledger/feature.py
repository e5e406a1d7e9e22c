from telehealth.core.feature import Feature
from telehealth.ledger import models as models

feature = Feature(name="ledger")
