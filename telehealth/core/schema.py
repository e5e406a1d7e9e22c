"""Bring a database to the schema this release needs. Only the owner role may.

Alembic holds our tables, Procrastinate its own; the two do not know each other. Starting is
refused on a database that is newer than this release, so a rollback cannot corrupt it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy.orm import Mapper

from telehealth.core.provisioning import APP, libpq_url
from telehealth.core.tenancy import Tenancy, policies, tenancy_of

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


class SchemaTooNew(RuntimeError):
    """The database was migrated by a later release."""


def alembic_config(owner_url: str, metadata: sa.MetaData, mappers: Iterable[Mapper[Any]]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = owner_url
    config.attributes["metadata"] = metadata
    classes = list(mappers)
    config.attributes["tenancy"] = tenancy_of(classes)
    config.attributes["guards"] = guards_of(classes)
    return config


def guards_of(mappers: Iterable[Mapper[Any]]) -> dict[str, tuple[str, ...]]:
    """Table name → the statements a model declares in `__guards__`: triggers that keep its promises."""
    return {
        mapper.local_table.name: mapper.class_.__guards__
        for mapper in mappers
        if isinstance(mapper.local_table, sa.Table) and hasattr(mapper.class_, "__guards__")
    }


def migrate(owner_url: str, metadata: sa.MetaData, mappers: Iterable[Mapper[Any]]) -> None:
    """Raises SchemaTooNew. Costs two reads when there is nothing to do."""
    config = alembic_config(owner_url, metadata, mappers)
    scripts = ScriptDirectory.from_config(config)
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as connection:
        # Two starters must not migrate at once; the lock goes with the connection.
        connection.execute("select pg_advisory_lock(hashtext('telehealth.migrate'))")
        version = _version(connection)
        if version is not None and version not in {script.revision for script in scripts.walk_revisions()}:
            raise SchemaTooNew(f"database is at {version}, which this release does not know")
        if version != scripts.get_current_head():
            command.upgrade(config, "head")
        install_queue(connection)


def install_queue(connection: psycopg.Connection[Any]) -> None:
    """Procrastinate's schema, pinned with its library to 3.10.

    Its insert trigger notifies inside the writing transaction, which halves throughput; units
    send the wake-up after their commit instead.
    """
    if _exists(connection, "procrastinate_jobs"):
        return
    connection.execute(SchemaManager.get_schema())
    trigger = "procrastinate_jobs_notify_queue_job_inserted_v1"
    connection.execute(f"alter table procrastinate_jobs disable trigger {trigger}")


def guard_audit(connection: psycopg.Connection[Any]) -> None:
    """The application may add audit records and mark them sealed, never alter or remove them."""
    for statement in audit_guards():
        connection.execute(statement.encode())


def audit_guards() -> Sequence[str]:
    return (
        f"revoke update, delete, truncate on audit_records from {APP}",
        f"grant update (sealed) on audit_records to {APP}",
        f"revoke update, delete, truncate on audit_seals from {APP}",
    )


def policy_statements(tenancy: dict[str, Tenancy], tables: Iterable[str]) -> list[str]:
    return [statement for table in tables for statement in policies(table, tenancy[table])]


def passing_on(declared: Mapping[str, Tenancy], metadata: sa.MetaData) -> list[str]:
    """The function that takes a person's rows from one account, for another or for nobody.

    It belongs to the owner of the tables, so it reaches evidence as well, and changes nothing of it but
    the account. It refuses as long as the account still acts for the person, and outside a system unit.
    Whoever asks again moves what was written meanwhile.
    """
    body = "".join(
        _step(name, declared[name].of, with_id=_has_uuid(metadata.tables[name]))
        for name in sorted(declared, key=lambda table: ("{moved}" in declared[table].of, table))
        if declared[name].of
    )
    return [
        _PASS_ON.replace("{body}", body),
        "revoke execute on function pass_on(uuid, uuid, uuid) from public",
        f"grant execute on function pass_on(uuid, uuid, uuid) to {APP}",
    ]


_PASS_ON = """
create or replace function pass_on(former uuid, of_person uuid, taker uuid) returns uuid[]
language plpgsql security definer set search_path = public, pg_temp as $pass$
declare
    moved uuid[] := '{}';
begin
    if current_setting('app.system', true) is distinct from 'on' then
        raise insufficient_privilege using message = 'only the house passes rows on';
    end if;
    if exists (
        select 1 from patient_links l
        where l.account_id = former and l.person_id = of_person and l.state = 'active'
    ) then
        raise check_violation using message = 'the account still acts for the person';
    end if;
{body}    return moved;
end $pass$
""".strip()


def _step(table: str, of: str, *, with_id: bool) -> str:
    which = of.format(person="of_person", moved="moved")
    # Table and condition are words of our own models.
    change = f"update {table} set account_id = taker where account_id = former and ({which})"  # noqa: S608
    if with_id:
        change = f"with m as ({change} returning id) select moved || array(select id from m) into moved"  # noqa: S608
    return f"    {change};\n"


def _has_uuid(table: sa.Table) -> bool:
    return "id" in table.c and isinstance(table.c.id.type, sa.Uuid)


def _version(connection: psycopg.Connection[Any]) -> str | None:
    if not _exists(connection, "alembic_version"):
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return str(row[0]) if row else None


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("select to_regclass(%s)", (table,)).fetchone()
    return row is not None and row[0] is not None
