"""Bundles: pages of a search, and transactions that happen wholly or not at all."""

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from telehealth.sandbox.books import Books
from telehealth.sandbox.dates import instant_text
from telehealth.sandbox.fhir import search
from telehealth.sandbox.fhir.outcomes import Outcome, operation_outcome
from telehealth.sandbox.fhir.parameters import included_references
from telehealth.sandbox.fhir.search import Query
from telehealth.sandbox.fhir.store import Store, Written
from telehealth.sandbox.fhir.validity import check

#: How long the later pages of a search can be fetched.
PAGES_LAST = timedelta(minutes=10)
_BOOK = "his.pages"


class Pages:
    """Searches cut into pages: the first answer holds them all still, so paging sees one moment."""

    def __init__(self, books: Books, store: Store) -> None:
        self._books = books
        self._store = store

    def first(
        self,
        hospital: str,
        base: str,
        query: Query,
        matches: list[dict[str, Any]],
        *,
        now: datetime,
        wall: datetime,
    ) -> dict[str, Any]:
        link = f"{base}/{query.kind}?{urlencode(query.honoured)}"
        if query.only_total:
            return _searchset(len(matches), [("self", link)], [], now)
        token = ""
        if len(matches) > query.count:
            token = self._keep(hospital, query, matches, now=now, wall=wall)
        return self._page(
            hospital, base, token, matches, offset=0, count=query.count, includes=query.includes,
            ignored=query.ignored, own_link=link, now=now,
        )  # fmt: skip

    def later(self, hospital: str, base: str, asked: Mapping[str, str], *, wall: datetime) -> dict[str, Any]:
        """
        Raises:
            Outcome: 410 when the search was not held, or no longer.
        """
        token, offset = asked["_getpages"], asked.get("_getpagesoffset", "0")
        held = self._books.recall(_BOOK, token)
        if held is None or held["hospital"] != hospital or wall.timestamp() > held["until"]:
            raise Outcome(410, "expired", "this page is no longer held; search again")
        if not offset.isdigit():
            raise Outcome(400, "value", "_getpagesoffset is a number")
        return self._page(
            hospital, base, token, held["matches"], offset=int(offset), count=held["count"],
            includes=held["includes"], ignored=[],
            own_link=f"{base}?_getpages={token}&_getpagesoffset={offset}",
            now=datetime.fromisoformat(held["now"]),
        )  # fmt: skip

    def _keep(
        self, hospital: str, query: Query, matches: list[dict[str, Any]], *, now: datetime, wall: datetime
    ) -> str:
        for token, held in self._books.leaf_through(_BOOK).items():
            if wall.timestamp() > held["until"]:
                self._books.forget(_BOOK, token)
        token = secrets.token_urlsafe(16)
        held = {
            "hospital": hospital,
            "until": (wall + PAGES_LAST).timestamp(),
            "now": now.isoformat(),
            "count": query.count,
            "includes": query.includes,
            "matches": matches,
        }
        self._books.note(_BOOK, token, held)
        return token

    def _page(
        self, hospital: str, base: str, token: str, matches: list[dict[str, Any]], *, offset: int, count: int,
        includes: list[str], ignored: list[str], own_link: str, now: datetime,
    ) -> dict[str, Any]:  # fmt: skip
        shown = matches[offset : offset + count]
        links = [("self", own_link)]
        if offset + count < len(matches):
            links.append(("next", f"{base}?_getpages={token}&_getpagesoffset={offset + count}"))
        if offset > 0:
            links.append(("previous", f"{base}?_getpages={token}&_getpagesoffset={max(0, offset - count)}"))
        entries = [_entry(base, resource, "match") for resource in shown]
        entries += [
            _entry(base, resource, "include") for resource in self._included(hospital, shown, includes)
        ]
        if ignored:
            note = operation_outcome(
                "warning", "not-supported", "ignored: " + ", ".join(sorted(set(ignored)))
            )
            entries.append({"resource": note, "search": {"mode": "outcome"}})
        return _searchset(len(matches), links, entries, now)

    def _included(
        self, hospital: str, shown: Iterable[dict[str, Any]], includes: Iterable[str]
    ) -> list[dict[str, Any]]:
        wanted: dict[str, None] = {}
        for resource in shown:
            for include in includes:
                wanted |= dict.fromkeys(included_references(resource, include))
        found = (self._store.find(hospital, reference) for reference in wanted)
        return [resource for resource in found if resource is not None]


def _entry(base: str, resource: dict[str, Any], mode: str) -> dict[str, Any]:
    return {
        "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
        "resource": resource,
        "search": {"mode": mode},
    }


def _searchset(
    total: int, links: Iterable[tuple[str, str]], entries: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"lastUpdated": instant_text(now)},
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    return {**bundle, "entry": entries} if entries else bundle


def transact(store: Store, hospital: str, bundle: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a transaction Bundle: creates (also conditional), updates and deletions.

    Raises:
        Outcome: the bundle or one of its entries is refused; nothing was written.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise Outcome(400, "invalid", "POST to the base takes a Bundle of type transaction")
    entries = bundle.get("entry") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Outcome(400, "structure", "Bundle.entry is a list of objects")
    with store.books.writing():
        answers = _Transaction(store, hospital).run(entries)
    return {"resourceType": "Bundle", "id": str(uuid4()), "type": "transaction-response", "entry": answers}


class _Transaction:
    def __init__(self, store: Store, hospital: str) -> None:
        self._store = store
        self._hospital = hospital
        #: `urn:uuid:…` of an entry → the reference it turns into.
        self._became: dict[str, str] = {}

    def run(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        plans = [self._plan(entry) for entry in entries]
        # DELETE, POST, PUT, whatever the order in the bundle: so the standard says.
        order = sorted(range(len(plans)), key=lambda index: ("DELETE", "POST", "PUT").index(plans[index][0]))
        answers: dict[int, dict[str, Any]] = {}
        for index in order:
            method, kind, resource, existing = plans[index]
            answers[index] = {"response": self._carry_out(method, kind, resource, existing)}
        return [answers[index] for index in range(len(plans))]

    def _plan(self, entry: dict[str, Any]) -> tuple[str, str, dict[str, Any], dict[str, Any] | None]:
        request = entry.get("request") or {}
        method, url = request.get("method"), str(request.get("url", ""))
        kind, _, id = url.partition("/")
        if method == "DELETE":
            return method, kind, {"id": id}, None
        if method not in ("POST", "PUT"):
            raise Outcome(400, "not-supported", f"a transaction entry cannot {method}")
        resource = check(entry.get("resource"), kind=kind, id=id if method == "PUT" else None)
        existing = None
        if method == "POST":
            existing = matching(self._store, self._hospital, kind, request.get("ifNoneExist"))
            resource = {**resource, "id": existing["id"] if existing else str(uuid4())}
        if "fullUrl" in entry:
            self._became[entry["fullUrl"]] = f"{kind}/{resource['id']}"
        return method, kind, resource, existing

    def _carry_out(
        self, method: str, kind: str, resource: dict[str, Any], existing: dict[str, Any] | None
    ) -> dict[str, Any]:
        if method == "DELETE":
            self._store.delete(self._hospital, kind, resource["id"])
            return {"status": "204 No Content"}
        if existing is not None:
            written = Written(existing, created=False)
        else:
            written = self._store.write(self._hospital, self._rewritten(resource))
        return {
            "status": "201 Created" if written.created else "200 OK",
            "location": written.location,
            "etag": written.etag,
            "lastModified": written.resource["meta"]["lastUpdated"],
        }

    def _rewritten(self, resource: dict[str, Any]) -> dict[str, Any]:
        def walk(value: Any) -> Any:
            if isinstance(value, dict):
                return {
                    name: self._became.get(item, item)
                    if name == "reference" and isinstance(item, str)
                    else walk(item)
                    for name, item in value.items()
                }
            return [walk(item) for item in value] if isinstance(value, list) else value

        rewritten: dict[str, Any] = walk(resource)
        return rewritten


def matching(store: Store, hospital: str, kind: str, criteria: str | None) -> dict[str, Any] | None:
    """The one resource a conditional create must not duplicate.

    Raises:
        Outcome: 412 when several match.
    """
    if not criteria:
        return None
    query = search.parse(kind, parse_qsl(criteria.lstrip("?")), strict=True)
    matches = search.run(store, hospital, query)
    if len(matches) > 1:
        raise Outcome(412, "multiple-matches", f"{len(matches)} {kind} resources match the condition")
    return matches[0] if matches else None


def read_json(body: bytes) -> Any:
    """
    Raises:
        Outcome: 400 when the body is no JSON.
    """
    try:
        return json.loads(body)
    except ValueError as error:
        raise Outcome(400, "structure", "the body is not JSON") from error
