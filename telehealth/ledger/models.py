"""Entries and their postings: written once, never changed, always in balance.

Two promises are kept by the database itself, when a transaction commits: the postings of an entry
sum to zero, and no account of one charge passes zero to its wrong side. The second makes
it impossible to give back more than came in, whatever the code above does.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.provisioning import APP
from telehealth.core.tenancy import Tenancy
from telehealth.ledger.chart import SIDES


class LedgerEntry(Base):
    __tablename__ = "ledger_entries"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, stays="the books name who paid")
    __guards__ = (f"revoke update, delete, truncate on ledger_entries from {APP}",)
    __table_args__ = (
        sa.Index("ix_ledger_entries_hospital_id_posted_on", "hospital_id", "posted_on"),
        sa.Index("ix_ledger_entries_charge_id", "charge_id"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    #: Whose money it is; None for what concerns the hospital only.
    account_id: Mapped[UUID | None]
    #: What happened, once: `refund:<id>:requested`.
    cause: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    charge_id: Mapped[UUID | None]
    #: Business time, and its day in Asia/Shanghai.
    at: Mapped[datetime]
    posted_on: Mapped[date]


_CHECK = """
create function ledger_check() returns trigger
language plpgsql security definer set search_path = public as $$
declare
    total bigint;
    side int;
begin
    if (select sum(amount) from ledger_postings where entry_id = new.entry_id) <> 0 then
        raise exception 'entry % does not balance', new.entry_id
            using errcode = 'check_violation', constraint = 'ledger_entry_balances';
    end if;
    if new.charge_id is null then
        return null;
    end if;
    -- Two transactions over one charge would not see each other's postings.
    perform pg_advisory_xact_lock(hashtextextended(new.charge_id::text, 7));
    side := case split_part(new.account, '.', 1)
        SIDES end;
    select sum(amount) into total from ledger_postings
        where charge_id = new.charge_id and account = new.account;
    if total * side < 0 then
        raise exception 'charge % takes % below zero', new.charge_id, new.account
            using errcode = 'check_violation', constraint = 'ledger_account_in_bounds';
    end if;
    return null;
end $$
""".replace("SIDES", " ".join(f"when '{name}' then {side}" for name, side in SIDES.items()))


class LedgerPosting(Base):
    __tablename__ = "ledger_postings"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, stays="the books name who paid")
    __guards__ = (
        f"revoke update, delete, truncate on ledger_postings from {APP}",
        _CHECK,
        "create constraint trigger ledger_postings_check after insert on ledger_postings"
        " deferrable initially deferred for each row execute function ledger_check()",
    )
    __table_args__ = (
        sa.CheckConstraint("amount <> 0", name="amount_moves"),
        sa.CheckConstraint(
            f"split_part(account, '.', 1) in ({', '.join(repr(name) for name in SIDES)})",
            name="account_known",
        ),
        sa.Index("ix_ledger_postings_charge_id_account", "charge_id", "account"),
        sa.Index("ix_ledger_postings_hospital_id_posted_on", "hospital_id", "posted_on"),
    )

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_entries.id"), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    charge_id: Mapped[UUID | None]
    #: Fen; debit positive, credit negative.
    amount: Mapped[int]
    posted_on: Mapped[date]
