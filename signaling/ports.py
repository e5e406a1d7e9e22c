"""What signaling asks of whoever knows the visit: `telehealth.consultations` answers, app.py joins them."""

from telehealth.core.rooms import (
    RecordingShelf,
    RoomChannel,
    RoomGate,
    RoomJournal,
    Seat,
    Segment,
    Stored,
    Terms,
)

__all__ = ["RecordingShelf", "RoomChannel", "RoomGate", "RoomJournal", "Seat", "Segment", "Stored", "Terms"]
