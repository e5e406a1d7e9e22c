"""The payment provider's side of a benchmark: its process, and orders it knows as well as we do."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2

from telehealth.demo.running import Parties
from telehealth.payments.ports import OrderFacts
from telehealth.payments.states import Way
from tests.bench.server import Database
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import NOWHERE, wechatpay

HOSPITAL = "yunan"
_SIDE_BY_SIDE = 8


@contextmanager
def open_sandbox(database: Database) -> Iterator[Sandbox]:
    """The stand-in for the outside parties, as a process of its own with fresh books."""
    sandbox = Sandbox(database.home / "sandbox").start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


def parties(sandbox: Sandbox) -> dict[str, str]:
    """Its addresses and keys, as settings of a process of ours."""
    return Parties(sandbox.home, sandbox.base_url).settings()


def pid_of(sandbox: Sandbox) -> int:
    assert sandbox.process is not None
    return sandbox.process.pid


async def ask_for_orders(
    sandbox: Sandbox, numbers: Sequence[str], *, amount: int, notify_url: str = NOWHERE
) -> None:
    """Prepay orders of ours at the provider, as `charging.begin` would have."""
    provider = wechatpay(sandbox, HOSPITAL, notify_url=notify_url)
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)
    expires_at = datetime.now(UTC) + timedelta(minutes=90)

    async def ask(number: str) -> None:
        async with gate:
            await provider.prepay(
                OrderFacts(
                    hospital=HOSPITAL,
                    out_trade_no=number,
                    way=Way.NATIVE,
                    amount=amount,
                    description="样例",
                    expires_at=expires_at,
                )
            )

    try:
        await asyncio.gather(*(ask(number) for number in numbers))
    finally:
        await provider.connections.close()


async def pay_quietly(sandbox: Sandbox, numbers: Sequence[str]) -> None:
    """The payers pay, and no callback tells of it."""
    sandbox.payment_notices("lost")
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)
    async with httpx2.AsyncClient(base_url=sandbox.base_url, trust_env=False) as till:

        async def pay(number: str) -> None:
            async with gate:
                answer = await till.post("/wechatpay/till/pay", json={"out_trade_no": number})
                answer.raise_for_status()

        await asyncio.gather(*(pay(number) for number in numbers))
