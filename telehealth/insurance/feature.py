"""What insurance offers: the way back from the insurer's page, and covers taken back by themselves."""

from telehealth.core.feature import Feature, Periodic
from telehealth.insurance import models as models
from telehealth.insurance import pages, revoking

feature = Feature(
    name="insurance",
    pages=tuple(pages.routes),
    tasks=(revoking.revoke,),
    periodic=(Periodic("insurance.revoke_abandoned", 60, revoking.revoke_abandoned),),
)
