"""The hospitals' information systems: one FHIR R4 server, one tenant per hospital."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox import records, samples
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.fhir import search
from telehealth.sandbox.fhir.bundles import Pages, matching, read_json, transact
from telehealth.sandbox.fhir.capability import capability_statement
from telehealth.sandbox.fhir.outcomes import Outcome, fhir_response
from telehealth.sandbox.fhir.parameters import PARAMETERS
from telehealth.sandbox.fhir.store import Store
from telehealth.sandbox.fhir.validity import check, check_kind
from telehealth.sandbox.his_cashier import Cashier
from telehealth.sandbox.keys import static_token
from telehealth.sandbox.misbehaving import decoys, is_recent
from telehealth.sandbox.party import Party, World
from telehealth.sandbox.people import Person
from telehealth.sandbox.reports import reports


@dataclass(frozen=True, slots=True)
class Hospital:
    code: str
    name: str
    #: Location id → what people call it; one-campus hospitals have none.
    campuses: Mapping[str, str]


HOSPITALS: Mapping[str, Hospital] = {
    "yunan": Hospital("yunan", "云安医院", {"yunan-east": "东院区", "yunan-west": "西院区"}),
    "jiangbin": Hospital("jiangbin", "江滨医院", {}),
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request let in: whose tenant it is, where that is, and what is to go wrong."""

    hospital: Hospital
    base: str
    fault: Fault | None

    def meets(self, mode: str) -> bool:
        return self.fault is not None and self.fault.mode == mode


_ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Request, Visitor], Awaitable[Response]]


class HIS(Party):
    name: ClassVar[str] = "his"
    title: ClassVar[str] = "医院信息系统（FHIR R4）"
    modes: ClassVar[Mapping[str, str]] = {
        "ignored_parameter": "无视除就诊人外的查询条件：夹带已取消、外院、他人的就诊记录",
        "lost_answer": "写入已处理，应答丢失（500）",
        "stale": "数据陈旧：看不到最近 days 天（默认 30）的就诊与变化",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.store = Store(world.books, world.clock.now)
        self.pages = Pages(world.books, self.store)
        self.cashier = Cashier(self.store, world.books, world.clock.now)
        with world.books.writing():
            self._seed()
            self.cashier.seed(world.clock.today())

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return {code: static_token() for code in HOSPITALS}

    def routes(self) -> list[BaseRoute]:
        base = "/{hospital}/fhir"
        return [
            Route("/samples", self.list_samples),
            *self.cashier.routes(),
            Route(f"{base}/metadata", self._open(self.metadata, public=True)),
            Route(base, self._open(self.page), methods=["GET"]),
            Route(base, self._open(self.transaction), methods=["POST"]),
            Route(f"{base}/{{kind}}/_search", self._open(self.search), methods=["POST"]),
            Route(f"{base}/{{kind}}", self._open(self.search), methods=["GET"]),
            Route(f"{base}/{{kind}}", self._open(self.create), methods=["POST"]),
            Route(f"{base}/{{kind}}/{{id}}", self._open(self.read), methods=["GET"]),
            Route(f"{base}/{{kind}}/{{id}}", self._open(self.update), methods=["PUT"]),
            Route(f"{base}/{{kind}}/{{id}}", self._open(self.delete), methods=["DELETE"]),
            Route("/{hospital}/fhir/{rest:path}", self._open(self.refuse), methods=_ANY_METHOD),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "hospitals": {
                code: {
                    "base_url": f"{base_url}/his/{code}/fhir",
                    "token": self.keys[code],
                    "name": hospital.name,
                    "organization": f"Organization/{code}",
                    "campuses": dict(hospital.campuses),
                    "card_system": records.CARD_SYSTEM.format(hospital=code),
                }
                for code, hospital in HOSPITALS.items()
            },
            "document_systems": {kind: system for kind, (system, _) in records.DOCUMENT_SYSTEMS.items()},
            "social_security_card_system": records.SOCIAL_SECURITY_CARD_SYSTEM,
            "samples_url": f"{base_url}/his/samples",
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        counts = [{"hospital": code, **self.store.count(code)} for code in HOSPITALS]
        return [("资源数", counts), ("样例就诊人", self._samples())]

    # The doors.

    async def metadata(self, _request: Request, visitor: Visitor) -> Response:
        today = self.world.clock.today().isoformat()
        return fhir_response(capability_statement(visitor.base, visitor.hospital.name, today))

    async def search(self, request: Request, visitor: Visitor) -> Response:
        kind = request.path_params["kind"]
        check_kind(kind)
        pairs = await _search_pairs(request, kind)
        strict = "handling=strict" in request.headers.get("prefer", "").replace(" ", "")
        now = self.world.clock.now()
        if visitor.meets("ignored_parameter") and kind == "Encounter":
            self.world.faults.spend(self.name)
            kept = [
                pair for pair in pairs if pair[0] in ("patient", "subject", "_sort", "_count", "_include")
            ]
            query = search.parse(kind, kept, strict=False)
            query.honoured = pairs
            matches = search.run(self.store, visitor.hospital.code, query)
            matches = decoys(visitor.hospital.code, dict(pairs), now) + matches
        else:
            query = search.parse(kind, pairs, strict=strict)
            matches = search.run(self.store, visitor.hospital.code, query)
        if visitor.fault is not None and visitor.meets("stale"):
            self.world.faults.spend(self.name)
            now -= timedelta(days=visitor.fault.number("days", 30))
            matches = [resource for resource in matches if not is_recent(resource, now)]
        bundle = self.pages.first(
            visitor.hospital.code, visitor.base, query, matches, now=now, wall=self.world.clock.wall()
        )
        return fhir_response(bundle)

    async def page(self, request: Request, visitor: Visitor) -> Response:
        if "_getpages" not in request.query_params:
            raise Outcome(400, "not-supported", "GET on the base only fetches a later page of a search")
        asked = dict(request.query_params)
        return fhir_response(
            self.pages.later(visitor.hospital.code, visitor.base, asked, wall=self.world.clock.wall())
        )

    async def read(self, request: Request, visitor: Visitor) -> Response:
        kind, id = request.path_params["kind"], request.path_params["id"]
        check_kind(kind)
        resource = self.store.read(visitor.hospital.code, kind, id)
        if visitor.fault is not None and visitor.meets("stale"):
            self.world.faults.spend(self.name)
            if is_recent(resource, self.world.clock.now() - timedelta(days=visitor.fault.number("days", 30))):
                raise Outcome(404, "not-found", f"{kind}/{id} is not known")
        return fhir_response(resource, 200, {"ETag": f'W/"{resource["meta"]["versionId"]}"'})

    async def create(self, request: Request, visitor: Visitor) -> Response:
        kind = request.path_params["kind"]
        resource = check(read_json(await request.body()), kind=kind, id=None)
        with self.world.books.writing():
            existing = matching(self.store, visitor.hospital.code, kind, request.headers.get("if-none-exist"))
            if existing is not None:
                return fhir_response(existing)
            if kind == "PaymentNotice":
                self.cashier.take_notice(visitor.hospital.code, resource)
            unnamed = {name: value for name, value in resource.items() if name != "id"}
            written = self.store.write(visitor.hospital.code, unnamed)
        headers = {"Location": f"{visitor.base}/{written.location}", "ETag": written.etag}
        return fhir_response(written.resource, 201, headers)

    async def update(self, request: Request, visitor: Visitor) -> Response:
        kind, id = request.path_params["kind"], request.path_params["id"]
        resource = check(read_json(await request.body()), kind=kind, id=id)
        written = self.store.write(visitor.hospital.code, resource, if_match=request.headers.get("if-match"))
        headers = {"Location": f"{visitor.base}/{written.location}", "ETag": written.etag}
        return fhir_response(written.resource, 201 if written.created else 200, headers)

    async def delete(self, request: Request, visitor: Visitor) -> Response:
        check_kind(request.path_params["kind"])
        self.store.delete(visitor.hospital.code, request.path_params["kind"], request.path_params["id"])
        return Response(status_code=204)

    async def transaction(self, request: Request, visitor: Visitor) -> Response:
        bundle = read_json(await request.body())
        if not isinstance(bundle, dict):
            raise Outcome(400, "structure", "the body is not a Bundle")
        return fhir_response(transact(self.store, visitor.hospital.code, bundle))

    async def refuse(self, request: Request, _visitor: Visitor) -> Response:
        raise Outcome(405, "not-supported", f"{request.method} is not supported on this address")

    async def list_samples(self, _request: Request) -> Response:
        """No part of FHIR: who there is to try things with, for a demo page."""
        return JSONResponse({"label": "样例数据，均为虚构", "samples": self._samples()})

    # Behind them.

    def _open(self, handler: Handler, *, public: bool = False) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                visitor = await self._admit(request, public=public)
                answer = await handler(request, visitor)
                if visitor.meets("lost_answer") and request.method != "GET" and answer.status_code == 201:
                    self.world.faults.spend(self.name)
                    raise Outcome(500, "exception", "the work was done, and nobody hears of it")
                return answer
            except Outcome as outcome:
                return outcome.response()

        return guarded

    async def _admit(self, request: Request, *, public: bool) -> Visitor:
        code = request.path_params["hospital"]
        if code not in HOSPITALS:
            raise Outcome(404, "not-found", f"there is no hospital {code!r} here")
        fault = await self.world.faults.meet(self.name, hospital=code)
        if fault is not None:
            _fail(fault)
        if not public:
            self._check_token(request, code)
        base = f"{self.world.address(request)}/his/{code}/fhir"
        return Visitor(HOSPITALS[code], base, fault)

    def _check_token(self, request: Request, code: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self.keys[code].encode()):
            raise Outcome(
                401, "login", "a valid bearer token is required", headers={"WWW-Authenticate": "Bearer"}
            )

    def _seed(self) -> None:
        """Fill the books once; a restart keeps what people changed since."""
        if self.world.books.recall("his", "base"):
            return
        today = self.world.clock.today().isoformat()
        self.world.books.note("his", "base", {"born_by": today, "visits_by": today})
        for hospital in HOSPITALS.values():
            for place in records.organizations(hospital.code, hospital.name, dict(hospital.campuses)):
                self.store.write(hospital.code, place)
        for person in samples.EVERYBODY:
            self.store.write(person.hospital, records.patient(person, self._born_by()))
            for record in self._records_of(person):
                self.store.write(person.hospital, record)

    def freshen(self) -> None:
        """Date the visits anew; births and ID numbers stay as they were given out."""
        with self.world.books.writing():
            today = self.world.clock.today().isoformat()
            self.world.books.note("his", "base", {"born_by": self._born_by().isoformat(), "visits_by": today})
            for person in samples.EVERYBODY:
                for record in self._records_of(person):
                    self.store.write(person.hospital, record)
            self.cashier.freshen(self.world.clock.today())

    def _records_of(self, person: Person) -> list[dict[str, Any]]:
        day = self._visits_by()
        return [*records.visits(person, day), *reports(person, day)]

    def _born_by(self) -> date:
        return date.fromisoformat(self.world.books.recall("his", "base")["born_by"])

    def _visits_by(self) -> date:
        return date.fromisoformat(self.world.books.recall("his", "base")["visits_by"])

    def _samples(self) -> list[dict[str, Any]]:
        born_by, visits_by = self._born_by(), self._visits_by()
        return [
            {
                "id": person.id,
                "hospital": person.hospital,
                "name": person.name,
                "gender": person.gender,
                "birth_date": person.born(born_by).isoformat(),
                "document": person.kind,
                "number": person.number(born_by),
                "card": person.card,
                "phone": person.phone,
                "guardian": person.contact.name if person.contact else None,
                "shows": person.shows,
                "shows_en": person.shows_en,
                "last_visit": max(
                    (visit.when(visits_by).isoformat() for visit in person.visits), default=None
                ),
            }
            for person in samples.EVERYBODY
        ]


def _fail(fault: Fault) -> None:
    if fault.mode == "down":
        raise Outcome(503, "transient", "the hospital's system is down for maintenance")
    if fault.mode == "timeout":
        raise Outcome(504, "timeout", "the hospital's system did not answer")
    if fault.mode == "throttled":
        after = str(int(fault.number("retry_after_s", 2)))
        raise Outcome(429, "throttled", "too many requests", headers={"Retry-After": after})


async def _search_pairs(request: Request, kind: str) -> list[tuple[str, str]]:
    pairs = list(request.query_params.multi_items())
    if request.method == "GET":
        for name, _ in pairs:
            parameter = PARAMETERS[kind].get(name.partition(":")[0])
            if parameter is not None and parameter.private:
                raise Outcome(403, "suppressed", f"{name} is personal: POST {kind}/_search instead")
        return pairs
    body = await request.body()
    kind_of_body = request.headers.get("content-type", "").partition(";")[0].strip()
    if body and kind_of_body != "application/x-www-form-urlencoded":
        raise Outcome(415, "not-supported", "_search takes a form body")
    try:
        form = body.decode("utf-8")
        return pairs + parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form))
    except ValueError as error:
        raise Outcome(400, "structure", "the body is not a form") from error
