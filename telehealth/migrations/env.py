"""Alembic's door. The metadata comes from app.py's feature list, so no package is named here."""

import re
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.operations import ops

from telehealth.core.schema import audit_guards
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import policies

config = context.config
metadata: sa.MetaData = config.attributes["metadata"]


def put_behind_policies(migration: Any, __: Any, scripts: list[ops.MigrationScript]) -> None:
    """New tables are born behind their row-level security, new sequences before them.

    Policies come at the end of the upgrade, because one may look into a table that is made later.
    """
    known = set(sa.inspect(migration.connection).get_sequence_names())
    for script in scripts:
        for upgrade in script.upgrade_ops_list:
            for name in sorted(set(metadata._sequences) - known):
                upgrade.ops.insert(0, ops.ExecuteSQLOp(f"create sequence {name}"))
            made = [op.table_name for op in upgrade.ops if isinstance(op, ops.CreateTableOp)]
            statements = [
                statement
                for table in made
                for statement in policies(table, config.attributes["tenancy"][table])
                if not statement.startswith("drop")
            ]
            statements += [guard for table in made for guard in config.attributes["guards"].get(table, ())]
            if "audit_records" in made:
                statements += audit_guards()
            statements += renewed_choices(sa.inspect(migration.connection))
            upgrade.ops.extend(ops.ExecuteSQLOp(statement) for statement in statements)


def renewed_choices(database: sa.Inspector) -> list[str]:
    """Words that a column may hold now and could not before: autogenerate looks past check constraints."""
    statements = []
    for table in sorted(set(metadata.tables) & set(database.get_table_names())):
        known = {str(check["name"]): check["sqltext"] for check in database.get_check_constraints(table)}
        for column in metadata.tables[table].columns:
            kind = column.type
            name = f"ck_{table}_{kind.name}" if isinstance(kind, sa.Enum) else ""
            if name not in known or not isinstance(kind, sa.Enum):
                continue
            if set(re.findall(r"'([^']*)'", known[name])) != set(kind.enums):
                words = ", ".join(f"'{word}'" for word in kind.enums)
                statements.append(f"alter table {table} drop constraint {name}")
                statements.append(
                    f"alter table {table} add constraint {name} check ({column.name} in ({words}))"
                )
    return statements


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration outlives our classes: a sealed column is bytes."""
    return "sa.LargeBinary()" if kind == "type" and isinstance(item, Sealed) else False


def include(_: Any, name: str | None, kind: str, __: bool, ___: Any) -> bool:
    """Procrastinate keeps its own tables."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def run() -> None:
    engine = sa.create_engine(config.attributes["url"], poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        # A migration that must wait for a lock gives up instead of stopping the hospital.
        connection.execute(sa.text("set lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include,
            compare_type=True,
            compare_server_default=True,
            render_item=render,
            process_revision_directives=put_behind_policies,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
