"""Tasks, housekeeping and deadlines of the dispatch queue. Whatever a crash left is found by a round."""

from prescriptions.events import AbandonAsked, PrescriptionSpent, ReservationLost, UndoAsked
from prescriptions.pharmacy.claiming import release_idle
from prescriptions.pharmacy.queueing import on_spent
from prescriptions.pharmacy.repairing import on_reservation_lost, repair_stock
from prescriptions.pharmacy.shipping import book_waybill, watch_parcel
from prescriptions.pharmacy.tracking import look_round
from prescriptions.pharmacy.undoing import (
    PROMISE,
    cancel_parcel,
    finish_round,
    finish_undo,
    keep_promise,
    on_abandon_asked,
    on_undo_asked,
)
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Periodic

tasks = (book_waybill, watch_parcel, finish_undo, cancel_parcel, repair_stock)
periodic = (
    Periodic("pharmacy.release_idle", 60, release_idle),
    Periodic("pharmacy.finish_undo", 300, finish_round),
    Periodic("pharmacy.look_at_parcels", 60, look_round),
)
deadlines = (DeadlineKind(PROMISE, keep_promise),)
subscriptions = (
    (PrescriptionSpent, on_spent),
    (UndoAsked, on_undo_asked),
    (AbandonAsked, on_abandon_asked),
    (ReservationLost, on_reservation_lost),
)
