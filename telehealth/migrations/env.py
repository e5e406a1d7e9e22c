"""Alembic's door. The metadata comes from app.py's feature list, so no package is named here."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate import rewriter
from alembic.operations import ops

from telehealth.core.tenancy import policies

config = context.config
metadata: sa.MetaData = config.attributes["metadata"]
rewrite = rewriter.Rewriter()


@rewrite.rewrites(ops.CreateTableOp)
def put_behind_policies(_: Any, __: Any, op: ops.CreateTableOp) -> list[ops.MigrateOperation]:
    """A new table is born behind its row-level security."""
    tenancy = config.attributes["tenancy"][op.table_name]
    statements = [s for s in policies(op.table_name, tenancy) if not s.startswith(("drop", "alter table"))]
    if not tenancy.open:
        statements.insert(0, f"alter table {op.table_name} enable row level security")
    return [op, *(ops.ExecuteSQLOp(statement) for statement in statements)]


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
            process_revision_directives=rewrite,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()




run()
