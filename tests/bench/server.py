"""A server as an installation runs it: durable, the application neither owner nor superuser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.provisioning import APP, DATABASE, Addresses, provision
from tests.support.places import short_home
from tests.support.schema import make_schema


@dataclass(frozen=True, slots=True)
class Database:
    home: Path
    addresses: Addresses
    socket_folder: Path
    name: str
    role: str
    password: str


@contextmanager
def durable_database() -> Iterator[Database]:
    """A fresh database with the product's schema; gone afterwards, files and all."""
    with short_home() as home:
        server = EmbeddedPostgres(home / "pg", durable=True)
        server.start()
        try:
            addresses = provision(server)
            make_schema(addresses.owner_url)
            yield Database(home, addresses, server.socket_folder, DATABASE, APP, server.secret(APP))
        finally:
            server.stop(10)
