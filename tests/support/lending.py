"""Databases lent to one test after another, emptied in between: a tenth of what a clone costs.

What is lent is as the template is: its rows and no others, its sequences where they were. A
database is dropped instead if DDL was committed in it, if a row of the template changed, if it
has grown large, or if somebody is still connected. Then the next test gets a clone.
"""

import time
from urllib.parse import urlsplit

import psycopg

from telehealth.core.provisioning import Addresses
from tests.support.cluster import Cluster

#: Rows that are deleted stay in their pages; past this much a clone is cheaper.
_LARGE_BYTES = 8_000_000
#: A backend whose client is gone ends within milliseconds.
_LEAVES_WITHIN_S = 1.0

_OURS = "nspname !~ '^pg_' and nspname not in ('information_schema', 'th_test')"
#: The tests' own word on a clone: whether DDL was committed in it since.
_PREPARE = """
create schema th_test;
create table th_test.changed (command text);
create function th_test.note() returns event_trigger language plpgsql security definer
  set search_path = pg_catalog as $$ begin insert into th_test.changed values (tg_tag); end $$;
create event trigger th_test on ddl_command_end execute function th_test.note();
alter event trigger th_test enable always;
"""
_TABLES = f"""
select format('%I.%I', nspname, relname), pg_relation_size(c.oid) > 0
from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and {_OURS}
"""  # noqa: S608 - our own words
_SEQUENCES = "select format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value),"
_SEQUENCES += " last_value is not null from pg_sequences"
_LEFT = """
select coalesce(array_agg(pg_relation_size(to_regclass(name)) > 0 order by at), '{}'),
  coalesce(sum(pg_relation_size(to_regclass(name))), 0), exists (select from th_test.changed)
from unnest(%s::text[]) with ordinality as given (name, at)
"""
_OTHERS = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


class Lent:
    """One database, for one test at a time."""

    def __init__(self, cluster: Cluster, addresses: Addresses) -> None:
        self.addresses = addresses
        self._url = cluster.superuser_url(urlsplit(addresses.owner_url).path.lstrip("/"))
        with self._connected() as connection:
            connection.execute(_PREPARE)
            tables = connection.execute(_TABLES).fetchall()
            self._tables = [name for name, is_seeded in tables if not is_seeded]
            self._seeded = [name for name, is_seeded in tables if is_seeded]
            self._sequences = connection.execute(_SEQUENCES).fetchall()
            self._seed = self._held(connection)

    def empty(self) -> bool:
        """Make it as it was; False if that is not possible, or not worth it."""
        with self._connected() as connection:
            if not _is_left_alone(connection):
                return False
            row = connection.execute(_LEFT, (self._tables,)).fetchone()
            assert row is not None
            used, size, is_changed = row
            if is_changed or size > _LARGE_BYTES or self._held(connection) != self._seed:
                return False
            touched = [name for name, is_used in zip(self._tables, used, strict=True) if is_used]
            resets = [
                f"select setval('{name}', {value}, {called})" for name, value, called in self._sequences
            ]
            connection.execute("; ".join([f"delete from {name}" for name in touched] + resets))  # noqa: S608
            return True

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        # Neither triggers nor foreign keys have a say.
        return psycopg.connect(self._url, autocommit=True, options="-c session_replication_role=replica")

    def _held(self, connection: psycopg.Connection[tuple[object, ...]]) -> list[object]:
        """What the template's own rows are."""
        said = "select md5(string_agg(t::text, ',' order by t::text)) from {} t"
        return [connection.execute(said.format(name)).fetchone() for name in self._seeded]


class Lender:
    """Keeps one database, and lends it while nobody else has it."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster = cluster
        self._template = template
        self._kept: list[Lent] = []

    def lend(self) -> Lent:
        return self._kept.pop() if self._kept else Lent(self._cluster, self._cluster.clone(self._template))

    def take_back(self, lent: Lent) -> None:
        if _is_as_it_was(lent):
            self._kept.append(lent)
        else:
            self._cluster.drop(lent.addresses)

    def close(self) -> None:
        for lent in self._kept:
            self._cluster.drop(lent.addresses)


def _is_as_it_was(lent: Lent) -> bool:
    try:
        return lent.empty()
    except psycopg.Error:
        # Whatever a test did to it, the next one has nothing to do with it.
        return False


def _is_left_alone(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    end = time.monotonic() + _LEAVES_WITHIN_S
    while (connection.execute(_OTHERS).fetchone() or (0,))[0]:
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
