"""A house with test routes only, and who may call at it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support import tiny

PATIENT = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
DESK = Actor.signed_in(new_id(), frozenset({Role.DESK}), hospital_id=new_id(), name="前台", assurance="totp")


@pytest.fixture
def tiny_house(house: House) -> House:
    return replace(house, features=(tiny.feature,))


@pytest.fixture
async def http(tiny_house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever it is, over ASGI; redirects are not followed and crashes are answers."""
    transport = httpx2.ASGITransport(app=build(tiny_house), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client
