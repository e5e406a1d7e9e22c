"""What SF Express answers, service by service, and the codes of its refusals."""

from typing import Final

from pydantic import Field, field_validator

from prescriptions.couriers.lines import Said

#: From general knowledge, not confirmed by the vendor; an unlisted code is a plain refusal.
DUPLICATE: Final = frozenset({"8016"})
UNKNOWN_ORDER: Final = frozenset({"8024"})
CANCELLED: Final = frozenset({"8037"})
#: Picked up, or too late for any other reason.
MOVING: Final = frozenset({"8252", "8067"})

MANUAL, SERVED, UNSERVED = "1", "2", "3"
MASTER = "1"
DONE = "2"


class Number(Said):
    kind: str = Field(alias="waybillType")
    number: str = Field(alias="waybillNo", pattern=r"^[A-Za-z0-9]{6,40}$")


class LabelData(Said):
    mark: str | None = Field(default=None, alias="destRouteLabel")


class Label(Said):
    data: LabelData | None = Field(default=None, alias="routeLabelData")


class Order(Said):
    order_id: str = Field(alias="orderId")
    filter_result: str | None = Field(default=None, alias="filterResult")
    origin: str | None = Field(default=None, alias="originCode")
    destination: str | None = Field(default=None, alias="destCode")
    numbers: list[Number] = Field(default=[], alias="waybillNoInfoList")
    labels: list[Label] = Field(default=[], alias="routeLabelInfo")

    @field_validator("numbers", "labels", mode="before")
    @classmethod
    def none_is_no_list(cls, told: object) -> object:
        """An order that is not sorted yet has null here."""
        return [] if told is None else told

    @property
    def master(self) -> str:
        return next((one.number for one in self.numbers if one.kind == MASTER), "")

    @property
    def route_label(self) -> str:
        told = (label.data.mark for label in self.labels if label.data is not None)
        return next(filter(None, told), f"{self.origin or ''}-{self.destination or ''}".strip("-"))


class Ordered(Said):
    order: Order = Field(alias="msgData")


class Change(Said):
    status: str = Field(alias="resStatus")


class Changed(Said):
    change: Change = Field(alias="msgData")


class Route(Said):
    at: str = Field(alias="acceptTime")
    place: str | None = Field(default="", alias="acceptAddress")
    remark: str | None = ""
    code: str | None = Field(default="", alias="opCode")
    secondary: str | None = Field(default="", alias="secondaryStatusCode")


class Journey(Said):
    number: str = Field(alias="mailNo")
    routes: list[Route] = []


class Journeys(Said):
    found: list[Journey] = Field(alias="routeResps")


class Routed(Said):
    journeys: Journeys = Field(alias="msgData")


class Sheet(Said):
    url: str
    token: str | None = ""
    number: str | None = Field(default="", alias="waybillNo")


class Sheets(Said):
    files: list[Sheet]


class Printed(Said):
    sheets: Sheets = Field(alias="obj")


class Offer(Said):
    product: str = Field(alias="businessType")
    #: Yuan; a number on the wire.
    fee: str | None = None
    #: "2026-11-23 10:00:00,2026-11-23 12:00:00": from, until.
    arrival: str | None = Field(default="", alias="deliverTime")


class Offers(Said):
    found: list[Offer] = Field(default=[], alias="deliverTmDto")


class Offered(Said):
    offers: Offers = Field(alias="msgData")
