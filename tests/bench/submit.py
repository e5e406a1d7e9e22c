"""After midnight: requested refunds go out to the provider, by our number, each answer proven."""

import asyncio
import statistics
import time

import sqlalchemy as sa
import uvloop

import app
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.core.unit import Units
from telehealth.payments.models import PayOrder, Refund
from telehealth.payments.states import RefundState
from telehealth.payments.submitting import submit_due
from tests.bench import sample
from tests.bench.figures import Figure, Figures
from tests.bench.outside import HOSPITAL, ask_for_orders, open_sandbox, pay_quietly, pid_of
from tests.bench.patients import add_patients, open_hospital
from tests.bench.processes import cpu_s
from tests.bench.server import durable_database
from tests.bench.service import settings_of
from tests.bench.sweep import FEE, pay_for_visits
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

ROUNDS = 4
A_ROUND = 500
_TO_WARM = 200
#: What a midnight needs (`value` is what there is), and the part of a core it may take.
GOAL_PER_S = 145
#: No refund comes to its end while the next are being sent.
_SETTLES_AFTER_S = 86_400


def measure() -> Figures:
    """Lease, call, record: the real client against the real sandbox, each its own process."""
    with (
        durable_database() as database,
        open_sandbox(database) as sandbox,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        house = app.build_house(reach(settings_of(database), sandbox))
        try:
            runner.run(_prepare(house.units, sandbox))
            yield runner.run(_submissions(house.units, sandbox))
        finally:
            runner.run(house.close())


async def _prepare(units: Units, sandbox: Sandbox) -> None:
    wanted = _TO_WARM + ROUNDS * A_ROUND
    place = await open_hospital(units, doctors=20)
    await sample.add_slots(units, place, slots=400)
    await add_patients(units, place, count=wanted)
    await pay_for_visits(units, place, wanted)
    async with units.system("sample") as unit:
        numbers = list(await unit.session.scalars(sa.select(PayOrder.out_trade_no)))
    await ask_for_orders(sandbox, numbers, amount=FEE)
    await pay_quietly(sandbox, numbers)
    sandbox.payment_settings(refund_settles_after_s=_SETTLES_AFTER_S)
    await sweep_unattended(units)


async def _submissions(units: Units, sandbox: Sandbox) -> Figure:
    theirs = pid_of(sandbox)
    await _submit(units, _TO_WARM)
    rates, our_ms, their_ms, our_share = [], [], [], []
    for _ in range(ROUNDS):
        began, ours_before, theirs_before = time.perf_counter(), time.process_time(), cpu_s(theirs)
        await _submit(units, A_ROUND)
        took_s = time.perf_counter() - began
        our_s, their_s = time.process_time() - ours_before, cpu_s(theirs) - theirs_before
        rates.append(round(A_ROUND / took_s))
        our_ms.append(round(1000 * our_s / A_ROUND, 2))
        their_ms.append(round(1000 * their_s / A_ROUND, 2))
        our_share.append(round(our_s / took_s, 2))
    submitted, arrived = await _books(units, sandbox)
    agreed = submitted == arrived == _TO_WARM + ROUNDS * A_ROUND
    return Figure(
        "refund_submit",
        statistics.median(rates) if agreed else None,
        "submissions/s",
        f">= {GOAL_PER_S} on <= 0.60 of a core",
        {
            "rounds": rates,
            "our_cores": our_share,
            "our_cores_at_goal": round(GOAL_PER_S * statistics.median(our_ms) / 1000, 2),
            "our_cpu_ms": our_ms,
            "sandbox_cores_at_goal": round(GOAL_PER_S * statistics.median(their_ms) / 1000, 2),
            "sandbox_cpu_ms": their_ms,
            "submitted": submitted,
            "at_the_provider": arrived,
        },
    )


async def _submit(units: Units, wanted: int) -> None:
    while wanted > 0:
        taken = await submit_due(units)
        assert taken
        wanted -= taken
    assert wanted == 0


async def _books(units: Units, sandbox: Sandbox) -> tuple[int, int]:
    """Refunds that went out, as we and as the provider have them."""
    async with units.system("sample") as unit:
        found = sa.select(sa.func.count()).select_from(Refund)
        ours = await unit.session.scalar(found.where(Refund.state == RefundState.SUBMITTED))
    mchid = sandbox.credentials["wechatpay"]["hospitals"][HOSPITAL]["mchid"]
    return ours or 0, len(sandbox.payment_books(mchid)["refunds"])
