"""Records out: sheets, what was dispensed, the signed PDF, as FHIR R4 for other systems of the hospital."""

from prescriptions.records.dispenses import Dispenses
from prescriptions.records.documents import Binaries, Documents
from prescriptions.records.requests import Requests

#: Contributed under "fhir".
RESOURCES = {
    "MedicationRequest": Requests(),
    "MedicationDispense": Dispenses(),
    "DocumentReference": Documents(),
    "Binary": Binaries(),
}

__all__ = ["RESOURCES"]
