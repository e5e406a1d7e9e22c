from prescriptions import models
from prescriptions.events import PrescriptionEnded
from prescriptions.formulary import models as formulary_models
from prescriptions.pharmacy import models as pharmacy_models
from prescriptions.reviewing import models as reviewing_models
from prescriptions.settling import models as settling_models
from prescriptions.stock import models as stock_models
from prescriptions.stock import reserving
from prescriptions.stock.retiring import retire_lots
from telehealth.core.feature import Feature, Periodic

__all__ = [
    "feature", "formulary_models", "models", "pharmacy_models", "reviewing_models", "settling_models",
    "stock_models",
]  # fmt: skip

feature = Feature(
    name="prescriptions",
    periodic=(Periodic("prescriptions.retire_lots", 3600, retire_lots),),
    subscriptions=((PrescriptionEnded, reserving.on_ended),),
)
