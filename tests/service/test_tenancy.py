"""Row-level security: a query that forgets its filter sees one hospital or one account, never the others."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb
from sqlalchemy.exc import ProgrammingError

from telehealth.core import schema
from telehealth.core.access import NOBODY
from telehealth.core.audit import AuditRecord
from telehealth.core.db import Base
from telehealth.core.deadlines import Deadline, set_deadline
from telehealth.core.ids import new_id
from telehealth.core.provisioning import Addresses, libpq_url
from telehealth.core.tenancy import Tenancy, tenancy_of
from telehealth.core.unit import Unit, Units
from telehealth.web.house import House
from tests.support.cluster import Cluster

NORTH, SOUTH = new_id(), new_id()
MINE, YOURS = new_id(), new_id()
DECLARED = tenancy_of(Base.registry.mappers)
GUARDED = sorted(name for name, tenancy in DECLARED.items() if not tenancy.open)


@pytest.fixture
async def two_hospitals(units: Units) -> Units:
    for hospital_id, account_id in ((NORTH, MINE), (SOUTH, YOURS)):
        async with units.system("test") as unit:
            due_at = unit.now
            await set_deadline(unit, "test", new_id(), due_at, hospital_id=hospital_id, account_id=account_id)
            unit.audit("test.happened", "tests:1", hospital_id=hospital_id, account_id=account_id)
    return units


async def test_a_query_that_forgets_its_filter_sees_nothing_of_the_other_hospital(
    two_hospitals: Units,
) -> None:
    async with two_hospitals.hospital(NORTH, NOBODY) as unit:
        assert await _hospitals(unit) == {NORTH}


async def test_an_account_sees_only_its_own(two_hospitals: Units) -> None:
    async with two_hospitals.account(MINE, NOBODY) as unit:
        rows = (await unit.session.scalars(sa.select(Deadline))).all()
        assert [row.account_id for row in rows] == [MINE]


async def test_nobody_sees_nothing(two_hospitals: Units) -> None:
    async with two_hospitals.public() as unit:
        assert await _hospitals(unit) == set()


async def test_the_house_sees_every_row_and_its_records_say_why(two_hospitals: Units) -> None:
    async with two_hospitals.system("test") as unit:
        assert await _hospitals(unit) == {NORTH, SOUTH}
        scopes = await unit.session.scalars(sa.select(AuditRecord.scope).distinct())
        assert scopes.all() == ["system:test"]


async def test_a_connection_that_says_nothing_sees_nothing(two_hospitals: Units) -> None:
    async with two_hospitals.engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(Deadline)) == 0


async def test_a_row_of_another_hospital_cannot_be_added(two_hospitals: Units) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with two_hospitals.hospital(NORTH, NOBODY) as unit:
            await set_deadline(unit, "test", new_id(), unit.now, hospital_id=SOUTH)


async def test_a_row_cannot_be_moved_to_another_hospital(two_hospitals: Units) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with two_hospitals.hospital(NORTH, NOBODY) as unit:
            await unit.session.execute(sa.update(Deadline).values(hospital_id=SOUTH))


async def test_changing_and_removing_everything_touches_one_hospital_only(two_hospitals: Units) -> None:
    async with two_hospitals.hospital(NORTH, NOBODY) as unit:
        await unit.session.execute(sa.update(Deadline).values(failures=9))
        await unit.session.execute(sa.delete(Deadline).where(Deadline.failures == 0))
    async with two_hospitals.system("test") as unit:
        rows = await unit.session.execute(sa.select(Deadline.hospital_id, Deadline.failures))
        assert {row.hospital_id: row.failures for row in rows} == {NORTH: 9, SOUTH: 0}


@pytest.mark.parametrize("verb", ["update audit_records set name = 'x'", "delete from audit_records",
                                  "truncate audit_records", "update audit_seals set digest = 'x'",
                                  "delete from audit_seals"])  # fmt: skip
async def test_the_application_can_neither_alter_nor_remove_what_was_recorded(
    two_hospitals: Units, verb: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with two_hospitals.system("test") as unit:
            await unit.session.execute(sa.text(verb))


async def test_the_application_owns_no_table_and_bypasses_no_policy(units: Units) -> None:
    async with units.public() as unit:
        role = (
            await unit.session.execute(
                sa.text(
                    "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
                )
            )
        ).one()
        owned = await unit.session.scalar(
            sa.text("select count(*) from pg_tables where tableowner = current_user")
        )
    assert tuple(role) == (False, False, False)
    assert owned == 0


def test_every_table_says_whom_its_rows_belong_to() -> None:
    assert set(DECLARED) == set(Base.metadata.tables)


def test_an_open_table_says_why() -> None:
    for name, tenancy in DECLARED.items():
        if tenancy.open:
            assert tenancy == Tenancy(open=tenancy.open), f"{name} is open, its other words mean nothing"
            assert len(tenancy.open.split()) >= 4, f"{name} does not say why it is open"


def test_tables_carry_the_columns_their_policies_ask_for() -> None:
    for name, tenancy in DECLARED.items():
        columns = set(Base.metadata.tables[name].columns.keys())
        asked = {"hospital_id": tenancy.hospital, "account_id": tenancy.account, "person_id": tenancy.person}
        assert {column for column, is_asked in asked.items() if is_asked} <= columns, name


def test_live_policies_equal_the_declared_ones(database: Addresses) -> None:
    """The migrations and the models say the same: writing the declared policies again changes nothing."""
    with psycopg.connect(libpq_url(database.owner_url)) as connection:
        live = _policies(connection)
        for statement in schema.policy_statements(DECLARED, DECLARED):
            connection.execute(statement.encode())
        assert live == _policies(connection)
        connection.rollback()


@pytest.fixture
def filled(cluster: Cluster, database: Addresses) -> Iterator[None]:
    """One row of each hospital and account in every guarded table, with no regard for its meaning."""
    name = libpq_url(database.owner_url).rpartition("/")[2].partition("?")[0]
    with psycopg.connect(cluster.superuser_url(name), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        for table, check in connection.execute(
            "select conrelid::regclass::text, conname from pg_constraint"
            " where contype in ('c', 'x') and connamespace = 'public'::regnamespace and conrelid <> 0"
        ).fetchall():
            drop = SQL("alter table {} drop constraint {}")
            connection.execute(drop.format(Identifier(table), Identifier(check)))
        for table in GUARDED:
            for hospital_id, account_id in ((NORTH, MINE), (SOUTH, YOURS)):
                row = _row(Base.metadata.tables[table], hospital_id, account_id)
                connection.execute(
                    SQL("insert into {} ({}) values ({})").format(
                        Identifier(table),
                        SQL(", ").join(map(Identifier, row)),
                        SQL(", ").join(SQL("%s") for _ in row),
                    ),
                    list(row.values()),
                )
    yield


@pytest.mark.usefixtures("filled")
async def test_no_table_shows_a_hospital_the_rows_of_another(house: House) -> None:
    async with house.units.hospital(NORTH, NOBODY) as unit:
        for table, tenancy in _guarded():
            seen = await _all(unit, table)
            if tenancy.public or tenancy.seats:
                continue
            assert {row.get("hospital_id") for row in seen} <= {NORTH}, table
            assert len(seen) == (1 if tenancy.hospital else 0), table


@pytest.mark.usefixtures("filled")
async def test_no_table_shows_an_account_the_rows_of_another(house: House) -> None:
    async with house.units.account(MINE, NOBODY) as unit:
        for table, tenancy in _guarded():
            seen = await _all(unit, table)
            if tenancy.public or tenancy.seats:
                continue
            assert {row.get("account_id") for row in seen} <= {MINE}, table
            assert len(seen) == (1 if tenancy.account else 0), table


@pytest.mark.usefixtures("filled")
async def test_nobody_may_read_only_what_everybody_may(house: House) -> None:
    async with house.units.public() as unit:
        for table, tenancy in _guarded():
            assert len(await _all(unit, table)) == (2 if tenancy.public or tenancy.seats else 0), table


@pytest.mark.usefixtures("filled")
async def test_nobody_may_remove_anything(house: House) -> None:
    async with house.units.public() as unit:
        for table, _ in _guarded():
            try:
                async with unit.session.begin_nested():
                    await unit.session.execute(sa.text(f"delete from {table}"))  # noqa: S608
            except ProgrammingError as refused:
                assert "permission denied" in str(refused), table
    async with house.units.system("test") as unit:
        for table, _ in _guarded():
            assert len(await _all(unit, table)) == 2, table


def _guarded() -> list[tuple[str, Tenancy]]:
    return [(table, DECLARED[table]) for table in GUARDED]


async def _hospitals(unit: Unit) -> set[UUID | None]:
    return set((await unit.session.scalars(sa.select(Deadline.hospital_id))).all())


async def _all(unit: Unit, table: str) -> list[dict[str, Any]]:
    rows = await unit.session.execute(sa.text(f"select * from {table}"))  # noqa: S608
    return [dict(row) for row in rows.mappings()]


def _policies(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select * from pg_policies where schemaname = 'public'")
        policies = {f"{row['tablename']}.{row['policyname']}": row for row in cursor}
        cursor.execute(
            "select relname, relrowsecurity from pg_class where relkind = 'r' and relname = any(%s)",
            (sorted(DECLARED),),
        )
        return policies | {row["relname"]: row["relrowsecurity"] for row in cursor}


def _row(table: sa.Table, hospital_id: UUID, account_id: UUID) -> dict[str, Any]:
    known = {"hospital_id": hospital_id, "account_id": account_id}
    return {
        column.name: known.get(column.name) or _value(column)
        for column in table.columns
        if column.name in known or (not column.nullable and column.server_default is None)
        if column.identity is None and column.computed is None
    }


def _value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.ARRAY):
        return []
    if isinstance(kind, sa.JSON):
        return Jsonb({})
    if isinstance(kind, sa.Enum):
        return kind.enums[0]
    made: dict[type, Callable[[], Any]] = {
        UUID: new_id, str: secrets.token_hex, int: lambda: secrets.randbelow(30_000), bool: lambda: False,
        bytes: lambda: secrets.token_bytes(16), datetime: lambda: datetime.now(UTC), date: date.today,
        time: lambda: time(8), Decimal: lambda: Decimal(1),
    }  # fmt: skip
    return made[_stored(kind)]()


def _stored(kind: Any) -> type:
    """The Python type of what reaches the database, under any decorator of ours."""
    if isinstance(kind, sa.types.TypeDecorator):
        return _stored(kind.impl_instance)
    stored: type = kind.python_type
    return stored


def test_XY17_every_table_of_an_account_says_what_goes_along_with_a_person() -> None:
    """When an account no longer acts for somebody: the row moves on, or it says why it stays."""
    silent = [
        name
        for name, tenancy in DECLARED.items()
        if tenancy.account and bool(tenancy.of) == bool(tenancy.stays)
    ]
    assert silent == []
    assert not [name for name, tenancy in DECLARED.items() if tenancy.of and not tenancy.account]


def test_XY17_the_live_function_that_passes_rows_on_equals_the_declared_one(database: Addresses) -> None:
    source = "select prosrc from pg_proc where proname = 'pass_on'"
    with psycopg.connect(libpq_url(database.owner_url)) as connection:
        live = connection.execute(source).fetchall()
        for statement in schema.passing_on(DECLARED, Base.metadata):
            connection.execute(statement.encode())
        assert live == connection.execute(source).fetchall()
        assert len(live) == 1
        connection.rollback()


async def test_XY17_only_the_house_passes_rows_on(house: House) -> None:
    async with house.units.account(MINE, NOBODY) as unit:
        with pytest.raises(ProgrammingError, match="only the house"):
            async with unit.session.begin_nested():
                await unit.session.execute(sa.select(sa.func.pass_on(MINE, new_id(), YOURS)))
