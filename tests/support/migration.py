"""`make migration`: bring a throw-away database to the newest migration, then write down what the
models have that it lacks. Read the result before committing it."""

import sys

from alembic import command

import app
from telehealth.core import schema
from telehealth.core.db import Base
from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.provisioning import provision
from tests.support.places import short_home


def write(message: str) -> None:
    with short_home() as home:
        server = EmbeddedPostgres(home, durable=False)
        server.start()
        try:
            owner_url = provision(server).owner_url
            config = schema.alembic_config(owner_url, app.METADATA, Base.registry.mappers)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=_next_number())
        finally:
            server.stop(0)


def _next_number() -> str:
    """One linear history: 0001, 0002, …"""
    known = [int(file.name[:4]) for file in (schema.MIGRATIONS / "versions").glob("[0-9]*.py")]
    return f"{max(known, default=0) + 1:04d}"


if __name__ == "__main__":
    if not sys.argv[1:] or not sys.argv[1].strip():
        sys.exit('say what changes: make migration m="add strikes"')
    write(sys.argv[1])
