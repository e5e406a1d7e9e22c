"""Which hospital has which couriers."""

from collections.abc import Mapping

import httpx2

from prescriptions.couriers.errors import CourierNotOffered
from prescriptions.couriers.kuaidi100 import Kuaidi100Tracker
from prescriptions.couriers.lines import Line
from prescriptions.couriers.ports import Courier, Tracker
from prescriptions.couriers.sf import SFCourier
from prescriptions.couriers.states import Carrier
from telehealth.core.clock import Clock
from telehealth.core.settings import SF, Kuaidi100, Settings


class Couriers:
    """Hospital code → its accounts. Opens nothing before the first call."""

    def __init__(
        self,
        sf: Mapping[str, SF],
        kuaidi100: Mapping[str, Kuaidi100],
        *,
        public_url: str,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._lines = (Line("sf", transport), Line("kuaidi100", transport))
        to_sf, to_kuaidi100 = self._lines
        self._sf: Mapping[str, Courier] = {
            code: SFCourier(code, account, to_sf, clock) for code, account in sf.items()
        }
        self._kuaidi100: Mapping[str, Tracker] = {
            code: Kuaidi100Tracker(code, account, to_kuaidi100, public_url=public_url)
            for code, account in kuaidi100.items()
        }

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> "Couriers":
        return cls(settings.sf, settings.kuaidi100, public_url=settings.public_url, clock=clock)

    async def close(self) -> None:
        for line in self._lines:
            await line.close()

    def courier(self, hospital: str) -> Courier:
        """The one that comes for parcels. Raises CourierNotOffered."""
        if hospital not in self._sf:
            raise CourierNotOffered()
        return self._sf[hospital]

    def tracker(self, hospital: str, carrier: Carrier) -> Tracker:
        """Who follows parcels of `carrier`: the courier itself, else the aggregator.

        Raises CourierNotOffered.
        """
        if carrier is Carrier.SF and hospital in self._sf:
            return self._sf[hospital]
        if hospital not in self._kuaidi100:
            raise CourierNotOffered()
        return self._kuaidi100[hospital]

    def pushing(self, party: str, hospital: str) -> Tracker:
        """Whose push `POST /callbacks/{party}/{hospital}/{token}` is: "sf" or "kuaidi100".

        Raises CourierNotOffered.
        """
        found = {"sf": self._sf, "kuaidi100": self._kuaidi100}.get(party, {}).get(hospital)
        if found is None:
            raise CourierNotOffered()
        return found

    def books(self, hospital: str) -> bool:
        """Whether parcels can be sent at all."""
        return hospital in self._sf

    def follows(self, hospital: str) -> tuple[Carrier, ...]:
        """Couriers whose waybill numbers may be typed in."""
        if hospital in self._kuaidi100:
            return tuple(Carrier)
        return (Carrier.SF,) if hospital in self._sf else ()
