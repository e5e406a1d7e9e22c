"""Give the second factor again before touching a patient (step-up): a session remembers when it was given.

Fresh is what was given, or worked under in a room, within the last 30 minutes of wall time. A new
device is a new session, so it begins with its own sign-in.
"""

from datetime import timedelta

from telehealth.accounts import queries
from telehealth.accounts.errors import SecondFactorWrong, StepUpNeeded
from telehealth.accounts.second_factor import try_code
from telehealth.accounts.states import AccountStatus
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.web import sessions

__all__ = ["FRESH_FOR", "keep_step_up", "require_step_up", "step_up"]

FRESH_FOR = timedelta(minutes=30)


async def step_up(units: Units, actor: Actor, code: str) -> None:
    """Raises SecondFactorWrong, SecondFactorUsed, SecondFactorLocked; StepUpNeeded without a session."""
    if actor.session_id is None:
        raise StepUpNeeded()
    async with units.system("step-up", actor) as unit:
        account = await queries.lock_account(unit, actor.account)
        if account is None or account.status is AccountStatus.CLOSED:
            raise SecondFactorWrong(left=0)
        refusal = try_code(unit, account, code)
        if refusal is None:
            await sessions.step_up(unit, actor.session_id)
            unit.audit("staff.stepped_up", account, hospital_id=actor.hospital_id, account_id=account.id)
    # Raised only now: the count of wrong codes is committed.
    if refusal is not None:
        raise refusal


async def require_step_up(unit: Unit) -> None:
    """Raises StepUpNeeded unless this session's second factor is fresh; it stays so while they work."""
    if not await keep_step_up(unit):
        raise StepUpNeeded()


async def keep_step_up(unit: Unit) -> bool:
    """Something was done in a room: a fresh second factor lasts on, a stale one stays stale."""
    session_id = unit.actor.session_id
    return session_id is not None and await sessions.work_on(unit, session_id, within=FRESH_FOR)
