"""Freight and delivery times of a sample courier. Yuan, by weight, distance and product."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from telehealth.sandbox.courier_moves import is_served
from telehealth.sandbox.dates import SHANGHAI

#: Product → its name, the first kilogram here and elsewhere, each further one, days.
PRODUCTS: Mapping[str, tuple[str, Decimal, Decimal, Decimal, int]] = {
    "1": ("顺丰特快（样例）", Decimal("14"), Decimal("23"), Decimal("8"), 1),
    "2": ("顺丰标快（样例）", Decimal("12"), Decimal("18"), Decimal("5"), 2),
    "12": ("医药冷链（样例）", Decimal("45"), Decimal("68"), Decimal("12"), 1),
}
ORDINARY = ("1", "2")


def offers(message: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """None where nobody goes."""
    origin, destination = message.get("srcAddress") or {}, message.get("destAddress") or {}
    if not is_served(str(destination.get("province", "")), str(destination.get("district", ""))):
        return []
    near = origin.get("province") == destination.get("province")
    further = max(0, -(-int(Decimal(str(message.get("weight") or 1)) * 1000) // 1000) - 1)
    wanted = (str(message["businessType"]),) if message.get("businessType") else ORDINARY
    found = []
    for product in wanted:
        if product not in PRODUCTS:
            continue
        title, here, elsewhere, each, days = PRODUCTS[product]
        day = (now + timedelta(days=days)).astimezone(SHANGHAI).date()
        start, end = datetime.combine(day, time(12)), datetime.combine(day, time(18))
        found.append(
            {
                "businessType": product,
                "businessTypeDesc": title,
                "deliverTime": f"{start:%Y-%m-%d %H:%M:%S},{end:%Y-%m-%d %H:%M:%S}",
                "fee": float((here if near else elsewhere) + each * further),
                "searchPrice": "1",
            }
        )
    return found
