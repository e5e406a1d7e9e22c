"""Where a parcel is, in one vocabulary for every courier."""

from enum import StrEnum


class Carrier(StrEnum):
    SF = "sf"
    EMS = "ems"
    JD = "jd"
    CHINA_POST = "china_post"
    DEPPON = "deppon"


class ParcelState(StrEnum):
    CREATED = "created"
    AWAITING_PICKUP = "awaiting_pickup"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    ARRIVED_CITY = "arrived_city"
    OUT_FOR_DELIVERY = "out_for_delivery"
    HELD_FOR_COLLECTION = "held_for_collection"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    REFUSED = "refused"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Watch(StrEnum):
    """Whether more news of a parcel will come by itself."""

    GOES_ON = "goes_on"
    #: The journey is over.
    ENDED = "ended"
    #: The courier knows no such number, or has been silent too long: ask, or subscribe anew.
    LOST = "lost"
