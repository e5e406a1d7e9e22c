"""The hospital's door has no page of its own: app.py joins `HISGateway` to the FHIR adapter."""

from telehealth.core.feature import Feature

feature = Feature(name="hospital")
