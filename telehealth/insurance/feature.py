from telehealth.core.feature import Feature
from telehealth.insurance import models as models

feature = Feature(name="insurance")
