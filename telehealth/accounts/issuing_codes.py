"""Six digits to a phone, for whatever needs its owner's word.

A wrong try is counted in a transaction of its own, so that the refusal which follows cannot
undo the count. A right one is spent in the caller's unit: if that fails, the code still works.
Wall clock throughout.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

import sqlalchemy as sa
import structlog

from telehealth.accounts import queries
from telehealth.accounts.errors import (
    CodeBurned,
    CodeExpired,
    CodeNotSent,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
)
from telehealth.accounts.models import PhoneCode
from telehealth.accounts.ports import CodeSender
from telehealth.accounts.rules import CODE_GAP, CODE_LASTS, CODE_TRIES, CODES_A_DAY, new_code
from telehealth.accounts.states import CodePurpose, Lang
from telehealth.core.errors import Busy, Refused, Unavailable
from telehealth.core.ids import new_id
from telehealth.core.seal import blind_index, ring_in_use
from telehealth.core.unit import Unit, Units

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class CodeIssued:
    expires_at: datetime
    #: When the next one may be asked for.
    again_at: datetime


@dataclass(frozen=True, slots=True)
class RightCode:
    """A code that was typed correctly and not yet spent."""

    id: UUID


async def issue_code(
    units: Units, phone: str, *, purpose: CodePurpose, subject: str = "", lang: Lang = Lang.ZH
) -> CodeIssued:
    """Send a code to `phone` (E.164), replacing the one before it. Call with no unit open.

    Says the same whether or not anybody has this phone.

    Raises CodeTooSoon, CodesUsedUp, CodeNotSent.
    """
    code = new_code()
    async with units.public() as unit:
        row = await _keep(unit, phone, purpose, subject, code)
    try:
        sender = units.port(CodeSender)  # type: ignore[type-abstract]
        await sender.send(phone, code, purpose, lang)
    except (Busy, Refused, Unavailable) as error:
        log.warning("code.not_sent", error=error.code)
        await _doubt(units, row.id)
        raise _not_sent(error) from error
    return CodeIssued(row.expires_at, row.issued_at + CODE_GAP)


async def redeem_code(unit: Unit, phone: str, *, purpose: CodePurpose, subject: str = "", code: str) -> None:
    """Accept the code for this phone, purpose and subject, once.

    Raises CodeWrong with the tries left, CodeBurned, CodeExpired.
    """
    right = await check_code(unit.units, phone, purpose=purpose, subject=subject, code=code)
    await spend_code(unit, right)


async def check_code(
    units: Units, phone: str, *, purpose: CodePurpose, subject: str = "", code: str
) -> RightCode:
    """Count one try and commit it; the right code still has to be spent. Call with no unit open if you can.

    Raises CodeWrong with the tries left, CodeBurned, CodeExpired.
    """
    async with units.public() as unit:
        row = await queries.latest_code(unit, phone, purpose, subject)
        tried = None if row is None else await _count_try(unit, row.id)
    if row is None or tried is None:
        raise CodeBurned() if row is not None and row.attempts >= CODE_TRIES else CodeExpired()
    if hmac.compare_digest(row.digest, _digest(row.id, code)):
        return RightCode(row.id)
    if tried >= CODE_TRIES:
        raise CodeBurned()
    raise CodeWrong(left=CODE_TRIES - tried)


async def spend_code(unit: Unit, right: RightCode) -> None:
    """Raises CodeExpired when another request spent it first."""
    spent = await unit.session.execute(
        sa.update(PhoneCode)
        .where(PhoneCode.id == right.id, PhoneCode.spent_at.is_(None))
        .values(spent_at=unit.wall)
        .returning(PhoneCode.id)
    )
    if spent.first() is None:
        raise CodeExpired()


async def forget_codes(unit: Unit) -> None:
    await unit.session.execute(sa.delete(PhoneCode).where(PhoneCode.issued_at < unit.wall - KEPT_FOR))


async def _keep(unit: Unit, phone: str, purpose: CodePurpose, subject: str, code: str) -> PhoneCode:
    index = queries.phone_index(phone)
    # Two requests for one phone at once would both see no code before them.
    lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await unit.session.execute(lock, {"key": f"phone_code:{index.hex()}"})
    sent = await queries.codes_since(unit, phone, unit.wall - timedelta(days=1))
    if sent and sent[0] + CODE_GAP > unit.wall:
        wait_s = ceil((sent[0] + CODE_GAP - unit.wall).total_seconds())
        raise CodeTooSoon(retry_after_s=wait_s, seconds=wait_s)
    if len(sent) >= CODES_A_DAY:
        free_at = sent[CODES_A_DAY - 1] + timedelta(days=1)
        raise CodesUsedUp(retry_after_s=ceil((free_at - unit.wall).total_seconds()))
    row_id = new_id()
    row = PhoneCode(
        id=row_id,
        phone_index=index,
        purpose=purpose,
        subject=subject,
        digest=_digest(row_id, code),
        attempts=0,
        issued_at=unit.wall,
        expires_at=unit.wall + CODE_LASTS,
        unconfirmed=False,
    )
    unit.session.add(row)
    return row


async def _doubt(units: Units, code_id: UUID) -> None:
    """The carrier may have sent it: it stays valid, but nobody has to wait for the next."""
    async with units.public() as unit:
        await unit.session.execute(
            sa.update(PhoneCode).where(PhoneCode.id == code_id).values(unconfirmed=True)
        )


def _not_sent(error: Busy | Refused | Unavailable) -> Busy | Unavailable:
    if isinstance(error, Unavailable):
        return CodeNotSent(retry_after_s=error.retry_after_s)
    if isinstance(error, Busy):
        return CodeTooSoon(retry_after_s=error.retry_after_s, seconds=error.retry_after_s)
    return CodesUsedUp(retry_after_s=3600)


async def _count_try(unit: Unit, code_id: UUID) -> int | None:
    """How many tries this code has had now, or None when it takes no more."""
    counted = await unit.session.execute(
        sa.update(PhoneCode)
        .where(
            PhoneCode.id == code_id,
            PhoneCode.spent_at.is_(None),
            PhoneCode.expires_at > unit.wall,
            PhoneCode.attempts < CODE_TRIES,
        )
        .values(attempts=PhoneCode.attempts + 1)
        .returning(PhoneCode.attempts)
        .execution_options(synchronize_session=False)
    )
    return counted.scalar_one_or_none()


def _digest(code_id: UUID, code: str) -> bytes:
    # A keyed hash: a million plain hashes are computed in a second.
    return blind_index(ring_in_use(), f"phone_codes.{code_id}", code)
