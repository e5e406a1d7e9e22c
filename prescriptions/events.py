"""What happens to a prescription, for those above and beside. Handled in the same unit of work."""

from dataclasses import dataclass
from uuid import UUID

from prescriptions.states import Path
from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class PrescriptionSigned(Event):
    """By its doctor: a pharmacist may look at it now."""

    prescription_id: UUID


@dataclass(frozen=True, slots=True)
class PrescriptionPassed(Event):
    """By a pharmacist, and its stock is reserved: the patient may choose and pay."""

    prescription_id: UUID
    pharmacy_id: UUID


@dataclass(frozen=True, slots=True)
class PrescriptionSpent(Event):
    """Paid, once: the pharmacy's work begins."""

    prescription_id: UUID
    path: Path


@dataclass(frozen=True, slots=True)
class PrescriptionEnded(Event):
    """Refused, expired or voided before anything was dispensed: what it held is free."""

    prescription_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class DispatchUndone(Event):
    """A paid order will not be packed, and its waybill is cancelled: the money goes back."""

    prescription_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class MedicineDispensed(Event):
    """Handed to the courier or to a person at the window: the money is earned."""

    prescription_id: UUID


@dataclass(frozen=True, slots=True)
class ReservationLost(Event):
    """What a sheet held is not there any more: a lot was recalled, expired or miscounted."""

    prescription_id: UUID
    drug_code: str


@dataclass(frozen=True, slots=True)
class UndoAsked(Event):
    """The patient wants a paid order undone.

    The pharmacy cancels it if it is neither packed nor being decocted, and publishes `DispatchUndone` (at
    once, or once its waybill is cancelled); else it raises.
    """

    prescription_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class AbandonAsked(Event):
    """A person gives a paid order up before it left the house, and has decided what goes back.

    The pharmacy cancels it, decocted and packed ones too, and publishes nothing; it raises once it has left.
    """

    prescription_id: UUID
    reason: str
