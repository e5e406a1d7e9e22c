"""How often somebody may knock: counted before a code is sent or tried, by address and by name."""

from starlette.requests import Request

from telehealth.accounts.queries import phone_index
from telehealth.web.house import house_of
from telehealth.web.sessions import digest

#: Carriers put thousands of phones behind one address: generous there, strict for one phone or login.
BY_ADDRESS = "60/minute"
CODES_BY_PHONE = "5/10 minutes"
TRIES_BY_PHONE = "20/10 minutes"
TRIES_BY_LOGIN = "10/10 minutes"
#: Apps renew twice an hour, and those of a whole city may come from one address.
RENEWALS_BY_ADDRESS = "1200/minute"
RENEWALS_BY_SESSION = "20/minute"


async def knock(request: Request, door: str) -> None:
    """Raises Busy, LimitsDown."""
    address = request.client.host if request.client else ""
    await house_of(request).limiter.hit(BY_ADDRESS, door, address)


async def knock_by_phone(request: Request, door: str, rule: str, phone: str) -> None:
    """The limiter keeps the blind index, never the phone. Raises Busy, LimitsDown."""
    await knock(request, door)
    await house_of(request).limiter.hit(rule, door, phone_index(phone).hex())


async def knock_by_login(request: Request, door: str, login: str) -> None:
    """Raises Busy, LimitsDown."""
    await knock(request, door)
    await house_of(request).limiter.hit(TRIES_BY_LOGIN, door, login)


async def knock_to_renew(request: Request, refresh_token: str) -> None:
    """The limiter keeps a hash of what stays the same from one refresh token to the next.

    Raises Busy, LimitsDown.
    """
    limiter, address = house_of(request).limiter, request.client.host if request.client else ""
    await limiter.hit(RENEWALS_BY_ADDRESS, "renewal", address)
    family = digest(refresh_token.partition(".")[0]).hex()
    await limiter.hit(RENEWALS_BY_SESSION, "renewal", family)
