"""Row-level security, declared beside each table and written by the migrations.

A Unit opens as `hospital(id)`, `account(id)`, `public()` or `system(reason)`; that sets
`app.hospital`, `app.account` and `app.system` for its transaction. A table says with
`__tenancy__` which of its columns admit a row:

    hospital   rows whose `hospital_id` is the unit's hospital
    account    rows whose `account_id` is the unit's account
    person     rows whose `person_id` is one the unit may see in `persons`
    public     any account (or nobody) may read, only the hospital may write
    seats      as public, and an account may also update (it takes a seat)
    mutual     rows that another table's visibility decides, by the SQL in `when`
    open       no row belongs to anybody: sessions, calendars, keys. Says why.

Rows of an account are about people it acts for, and that ends. So a table with `account` also says
either whose rows go along with the person (`of`: they belong to whoever acts from then on, or to the
hospital alone), or why they stay with the account (`stays`). `pass_on`, a function in the database
that follows from those words, is the one place where it happens, and the only hand that may touch
`account_id` of a row that is evidence.

`system` sees everything and is for callbacks, sweeps and sign-in; every audit record made in
it carries its reason, and a house test lists its uses. A query that forgets its filter
therefore sees one hospital or one account, never the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

_SETTING = "(select nullif(current_setting('app.{}', true), '')::uuid)"
HOSPITAL = _SETTING.format("hospital")
ACCOUNT = _SETTING.format("account")
SYSTEM = "(select current_setting('app.system', true) = 'on')"
ANYBODY = f"({ACCOUNT} is not null)"

#: Which rows are of a person: a column says so, or the room of a visit does.
OF_PERSON = "person_id = {person}"
OF_ROOM = "room in (select c.id from consultations c where c.person_id = {person})"


@dataclass(frozen=True, slots=True)
class Tenancy:
    hospital: bool = False
    account: bool = False
    person: bool = False
    public: bool = False
    seats: bool = False
    when: str = ""
    #: SQL with `{person}`, or `{moved}` for the ids that moved before: rows that go along with the person.
    of: str = ""
    #: Why rows stay with an account that no longer acts for whom they are about.
    stays: str = ""
    #: Rows are evidence: the application adds them and neither changes nor removes them.
    append_only: bool = False
    #: Why no row of this table belongs to anybody. Non-empty means: no row-level security.
    open: str = ""

    def writes(self) -> str:
        tests = [SYSTEM]
        if self.hospital:
            tests.append(f"hospital_id = {HOSPITAL}")
        if self.account:
            tests.append(f"account_id = {ACCOUNT}")
        if self.person:
            tests.append("person_id in (select p.id from persons p)")
        if self.when:
            tests.append(f"({self.when})")
        return " or ".join(tests)

    def reads(self) -> str:
        tests = [self.writes()]
        if self.public or self.seats:
            tests.append(ANYBODY)
        return " or ".join(tests)

    def updates(self) -> str:
        return f"{self.writes()} or {ANYBODY}" if self.seats else self.writes()


def tenancy_of(mappers: Iterable[Mapper[Any]]) -> dict[str, Tenancy]:
    """Table name → its tenancy. Raises LookupError for a table that declares none."""
    declared: dict[str, Tenancy] = {}
    for mapper in mappers:
        table = mapper.local_table
        tenancy = getattr(mapper.class_, "__tenancy__", None)
        if not isinstance(table, sa.Table) or not isinstance(tenancy, Tenancy):
            raise LookupError(f"{mapper.class_.__name__} does not say whom its rows belong to")
        declared[table.name] = tenancy
    return declared


def policies(table: str, tenancy: Tenancy) -> list[str]:
    """The statements that put `table` behind its policies; safe to run again."""
    verbs = ("read", "add", "change", "remove")
    drops = [f"drop policy if exists {table}_{verb} on {table}" for verb in verbs]
    if tenancy.open:
        return [*drops, f"alter table {table} disable row level security"]
    born = [
        *drops,
        f"alter table {table} enable row level security",
        f"create policy {table}_read on {table} for select using ({tenancy.reads()})",
        f"create policy {table}_add on {table} for insert with check ({tenancy.writes()})",
    ]
    if tenancy.append_only:
        return born
    return [
        *born,
        f"create policy {table}_change on {table} for update"
        f" using ({tenancy.updates()}) with check ({tenancy.updates()})",
        f"create policy {table}_remove on {table} for delete using ({tenancy.writes()})",
    ]
