"""The schema every test database is cloned from: the migrations, as an installation runs them."""

import hashlib

import psycopg
import sqlalchemy as sa

import app
from telehealth.core import schema
from telehealth.core.db import Base
from telehealth.core.provisioning import libpq_url
from telehealth.core.tenancy import tenancy_of


def make_schema(owner_url: str) -> None:
    engine = sa.create_engine(owner_url)
    tenancy = tenancy_of(Base.registry.mappers)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        for statement in schema.policy_statements(tenancy, tenancy):
            connection.execute(sa.text(statement))
    engine.dispose()
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as connection:
        schema.install_queue(connection)
        schema.guard_audit(connection)


def fingerprint() -> str:
    tables = [repr(table) for table in app.METADATA.sorted_tables]
    return hashlib.sha256("".join(tables).encode()).hexdigest()
