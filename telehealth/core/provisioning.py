"""Roles and databases: an owner who migrates, and the application, which owns nothing.

Row-level security does not bind owners and superusers, so whatever serves people connects as
`telehealth_app`, and a query that forgets its filter sees one hospital only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from telehealth.core.embedded import EmbeddedPostgres

OWNER = "telehealth_owner"
APP = "telehealth_app"
DATABASE = "telehealth"

#: Raise it when the statements below change; homes made by an older edition run them again.
_EDITION = "1"
_EXTENSIONS = ("btree_gist", "pg_trgm")


@dataclass(frozen=True, slots=True)
class Addresses:
    """SQLAlchemy URLs of one database. They hold passwords, so they are not shown."""

    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)


def provision(server: EmbeddedPostgres) -> Addresses:
    """Roles, database, extensions and default grants on a running server; cheap when done before."""
    passwords = {role: server.secret(role) for role in (OWNER, APP)}
    # Inside the cluster, so that it goes when somebody deletes the data.
    marker = server.data / "telehealth.edition"
    if not marker.exists() or marker.read_text() != _EDITION:
        create_roles(server.superuser_dsn(), passwords)
        create_database(server.superuser_dsn(), DATABASE)
        prepare_database(server.superuser_dsn(DATABASE))
        marker.write_text(_EDITION)
    return addresses(DATABASE, passwords, f"/{{}}?host={quote(str(server.socket_folder), safe='')}")


def addresses(database: str, passwords: Mapping[str, str], where: str) -> Addresses:
    """`where` is the rest of a URL after the password's @, with {} for the database."""

    def url(role: str) -> str:
        return f"postgresql+psycopg://{role}:{quote(passwords[role], safe='')}@{where.format(database)}"

    return Addresses(app_url=url(APP), owner_url=url(OWNER))


def libpq_url(url: str) -> str:
    """The same address for psycopg itself, which knows no SQLAlchemy driver names."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def create_roles(superuser_dsn: str, passwords: Mapping[str, str]) -> None:
    """Make both roles, or give existing ones these passwords and take powers they should not have."""
    powers = SQL("login nosuperuser nocreatedb nocreaterole noreplication nobypassrls")
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, password in passwords.items():
            known = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
            verb = SQL("alter") if known else SQL("create")
            # Hashed here, so that a log of slow or failed statements never holds a password.
            hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
            connection.execute(
                SQL("{} role {} {} password {}").format(
                    verb, Identifier(role), powers, Literal(hashed.decode())
                )
            )


def create_database(superuser_dsn: str, name: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
            connection.execute(SQL("create database {} owner {}").format(Identifier(name), Identifier(OWNER)))


def prepare_database(database_superuser_dsn: str) -> None:
    """What the owner's tables need: extensions the server offers, and grants to the application."""
    with psycopg.connect(database_superuser_dsn) as connection:
        offered = connection.execute(
            "select name from pg_available_extensions where name = any(%s)", (list(_EXTENSIONS),)
        ).fetchall()
        for (extension,) in offered:
            connection.execute(SQL("create extension if not exists {}").format(Identifier(extension)))
        owner, app = Identifier(OWNER), Identifier(APP)
        connection.execute(SQL("alter schema public owner to {}").format(owner))
        connection.execute(SQL("grant usage on schema public to {}").format(app))
        for grant in (
            "grant select, insert, update, delete on tables to {}",
            "grant usage, select on sequences to {}",
        ):
            command = "alter default privileges for role {} " + grant
            connection.execute(SQL(command).format(owner, app))
