"""FHIR resources in the books: versions, soft deletion, pointers for the parameters people search by."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from telehealth.sandbox.books import Books
from telehealth.sandbox.dates import instant_text
from telehealth.sandbox.fhir.outcomes import Outcome
from telehealth.sandbox.fhir.parameters import PARAMETERS

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS fhir_resources (
        hospital TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
        version INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (hospital, type, id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS fhir_pointers (
        hospital TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
        parameter TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (hospital, type, parameter, value, id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS fhir_pointers_of ON fhir_pointers (hospital, type, id)",
)


@dataclass(frozen=True, slots=True)
class Written:
    resource: dict[str, Any]
    created: bool

    @property
    def etag(self) -> str:
        return f'W/"{self.resource["meta"]["versionId"]}"'

    @property
    def location(self) -> str:
        meta = self.resource["meta"]
        return f"{self.resource['resourceType']}/{self.resource['id']}/_history/{meta['versionId']}"


class Store:
    """The resources of every hospital. `now` dates `meta.lastUpdated`."""

    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self.books = books
        self._now = now
        books.open_tables(*_TABLES)

    def read(self, hospital: str, kind: str, id: str) -> dict[str, Any]:
        """
        Raises:
            Outcome: 404 never existed, 410 deleted.
        """
        found = self.books.rows(
            "SELECT deleted, body FROM fhir_resources WHERE hospital = ? AND type = ? AND id = ?",
            hospital,
            kind,
            id,
        )
        if not found:
            raise Outcome(404, "not-found", f"{kind}/{id} is not known")
        if found[0]["deleted"]:
            raise Outcome(410, "deleted", f"{kind}/{id} was deleted")
        return _load(found[0]["body"])

    def find(self, hospital: str, reference: str) -> dict[str, Any] | None:
        kind, _, id = reference.rpartition("/")
        try:
            return self.read(hospital, kind.rpartition("/")[2], id)
        except Outcome:
            return None

    def everything(self, hospital: str, kind: str) -> list[dict[str, Any]]:
        return [
            _load(row["body"])
            for row in self.books.rows(
                "SELECT body FROM fhir_resources WHERE hospital = ? AND type = ? AND NOT deleted ORDER BY id",
                hospital,
                kind,
            )
        ]

    def pointed_at(
        self, hospital: str, kind: str, parameter: str, values: Iterable[str]
    ) -> list[dict[str, Any]]:
        wanted = list(values)
        marks = ", ".join("?" * len(wanted))
        sql = (
            "SELECT DISTINCT r.id, r.body FROM fhir_pointers p"  # noqa: S608 - question marks only
            " JOIN fhir_resources r ON r.hospital = p.hospital AND r.type = p.type AND r.id = p.id"
            f" WHERE p.hospital = ? AND p.type = ? AND p.parameter = ? AND p.value IN ({marks})"
            " AND NOT r.deleted ORDER BY r.id"
        )
        return [_load(row["body"]) for row in self.books.rows(sql, hospital, kind, parameter, *wanted)]

    def count(self, hospital: str) -> dict[str, int]:
        sql = (
            "SELECT type, count(*) AS n FROM fhir_resources WHERE hospital = ? AND NOT deleted GROUP BY type"
        )
        return {row["type"]: row["n"] for row in self.books.rows(sql, hospital)}

    def write(self, hospital: str, resource: dict[str, Any], *, if_match: str | None = None) -> Written:
        """Create or replace by id (a missing id is made up), as the next version.

        Raises:
            Outcome: 412 when `if_match` names another version.
        """
        kind, id = resource["resourceType"], resource.get("id") or str(uuid4())
        with self.books.writing() as connection:
            held = connection.execute(
                "SELECT version, deleted FROM fhir_resources WHERE hospital = ? AND type = ? AND id = ?",
                (hospital, kind, id),
            ).fetchone()
            if if_match is not None and (held is None or if_match != f'W/"{held["version"]}"'):
                raise Outcome(412, "conflict", f"{kind}/{id} is at another version")
            version = held["version"] + 1 if held else 1
            meta = {
                **resource.get("meta", {}),
                "versionId": str(version),
                "lastUpdated": instant_text(self._now()),
            }
            written = {**resource, "id": id, "meta": meta}
            connection.execute(
                "INSERT INTO fhir_resources VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT (hospital, type, id)"
                " DO UPDATE SET version = excluded.version, deleted = 0, body = excluded.body",
                (hospital, kind, id, version, json.dumps(written, ensure_ascii=False)),
            )
            self._point(hospital, written)
        return Written(written, created=held is None or bool(held["deleted"]))

    def delete(self, hospital: str, kind: str, id: str) -> None:
        with self.books.writing() as connection:
            connection.execute(
                "UPDATE fhir_resources SET deleted = 1, version = version + 1"
                " WHERE hospital = ? AND type = ? AND id = ? AND NOT deleted",
                (hospital, kind, id),
            )

    def _point(self, hospital: str, resource: dict[str, Any]) -> None:
        kind, id = resource["resourceType"], resource["id"]
        with self.books.writing() as connection:
            connection.execute(
                "DELETE FROM fhir_pointers WHERE hospital = ? AND type = ? AND id = ?", (hospital, kind, id)
            )
            for name, parameter in PARAMETERS[kind].items():
                if not parameter.indexed:
                    continue
                values = {
                    value[1] if isinstance(value, tuple) else value for value in parameter.read(resource)
                }
                connection.executemany(
                    "INSERT OR IGNORE INTO fhir_pointers (hospital, type, parameter, value, id)"
                    " VALUES (?, ?, ?, ?, ?)",
                    [(hospital, kind, name, value, id) for value in values],
                )


def _load(body: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(body)
    return loaded
