"""The hospital's doors: app.py joins `HISGateway` to the FHIR adapter; here other systems read records."""

from telehealth.core.access import Permission
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.hospital import api, fhir_api, models, pages
from telehealth.hospital.audit_words import WORDS

__all__ = ["feature", "models"]

feature = Feature(
    name="hospital",
    api=tuple(api.routes),
    pages=(*pages.routes, *fhir_api.routes),
    templates="telehealth.hospital",
    rail=(RailLink("/admin/system-keys", "key-round", N_("系统接口"), Permission.MANAGE_STAFF, 265),),
    contributions=(("audit_words", WORDS),),
)
