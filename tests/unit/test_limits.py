"""So often and no oftener, each for himself."""

import pytest

from telehealth.core.errors import Busy
from telehealth.core.limits import Limiter

pytestmark = pytest.mark.anyio


async def test_the_try_after_the_last_allowed_is_told_when_to_return() -> None:
    limiter = Limiter()
    for _ in range(3):
        await limiter.hit("3/day", "sign-in", "account-1")

    with pytest.raises(Busy) as refused:
        await limiter.hit("3/day", "sign-in", "account-1")
    assert 1 <= refused.value.retry_after_s <= 86_400


async def test_one_persons_tries_do_not_count_against_another_or_another_rule() -> None:
    limiter = Limiter("async+memory://")
    await limiter.hit("1/day", "sms", "a")

    await limiter.hit("1/day", "sms", "b")
    await limiter.hit("1/day", "sign-in", "a")
    await limiter.hit("2/hour", "sms", "a")


async def test_success_wipes_the_slate() -> None:
    limiter = Limiter()
    await limiter.hit("1/day", "sign-in", "a")
    await limiter.forget("1/day", "sign-in", "a")

    await limiter.hit("1/day", "sign-in", "a")


async def test_a_rule_nobody_can_read_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        await Limiter().hit("often", "a")
