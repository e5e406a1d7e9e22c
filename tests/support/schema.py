"""The schema every test database is cloned from: the migrations, as an installation runs them."""

import hashlib

import app
from telehealth.core import schema
from telehealth.core.db import Base


def make_schema(owner_url: str) -> None:
    schema.migrate(owner_url, app.METADATA, Base.registry.mappers)


def fingerprint() -> str:
    files = sorted(schema.MIGRATIONS.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
