from telehealth.core.feature import Feature

feature = Feature(name="ratings")
