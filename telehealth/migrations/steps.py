"""Steps that several migrations take."""

import re

import sqlalchemy as sa
from alembic import op


def allow(table: str, name: str, column: str, *more: str) -> None:
    """More words for a column, beside whatever words its check `name` allows by now."""
    checks = sa.inspect(op.get_bind()).get_check_constraints(table)
    [text] = [check["sqltext"] for check in checks if check["name"] == name]
    words = sorted({*re.findall(r"'([^']*)'", text), *more})
    listed = ", ".join(f"'{each}'" for each in words)
    op.execute(f"alter table {table} drop constraint {name}")
    op.execute(f"alter table {table} add constraint {name} check ({column} in ({listed}))")
