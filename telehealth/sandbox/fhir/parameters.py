"""Which search parameters each resource type has, and how to read them off a resource."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from telehealth.sandbox.fhir.moments import Span, span_of_period, span_of_text

Resource = Mapping[str, Any]
Token = tuple[str | None, str]
Kind = Literal["token", "reference", "string", "date"]


@dataclass(frozen=True, slots=True)
class Parameter:
    kind: Kind
    read: Callable[[Resource], Iterator[Any]]
    #: Types a bare id in a reference search may mean.
    target: str = ""
    #: Whether the store keeps pointers from this value to its resources.
    indexed: bool = False
    #: Personal: never to be searched by GET, where it would end in logs.
    private: bool = False


def _dig(resource: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(resource, list):
        for item in resource:
            yield from _dig(item, path)
    elif not path:
        if resource is not None:
            yield resource
    elif isinstance(resource, Mapping):
        yield from _dig(resource.get(path[0]), path[1:])


def _identifiers(resource: Resource) -> Iterator[Token]:
    for item in _dig(resource, ("identifier",)):
        if isinstance(item, Mapping) and "value" in item:
            yield item.get("system"), str(item["value"])


def _codes(*path: str) -> Callable[[Resource], Iterator[Token]]:
    def read(resource: Resource) -> Iterator[Token]:
        for value in _dig(resource, path):
            if isinstance(value, str):
                yield None, value
            elif isinstance(value, bool):
                yield None, str(value).lower()
            elif isinstance(value, Mapping) and "coding" in value:
                for coding in value["coding"]:
                    yield coding.get("system"), str(coding.get("code", ""))
            elif isinstance(value, Mapping) and "code" in value:
                yield value.get("system"), str(value["code"])

    return read


def _telecom(resource: Resource) -> Iterator[Token]:
    for item in _dig(resource, ("telecom",)):
        yield item.get("system"), str(item.get("value", ""))


def _references(*path: str) -> Callable[[Resource], Iterator[str]]:
    return lambda resource: (str(value) for value in _dig(resource, (*path, "reference")))


def _texts(*path: str) -> Callable[[Resource], Iterator[str]]:
    return lambda resource: (str(value) for value in _dig(resource, path))


def _moments(*path: str) -> Callable[[Resource], Iterator[Span]]:
    def read(resource: Resource) -> Iterator[Span]:
        for value in _dig(resource, path):
            if isinstance(value, Mapping):
                yield span_of_period(value.get("start"), value.get("end"))
            else:
                yield span_of_text(str(value))

    return read


def _token(*path: str, indexed: bool = False) -> Parameter:
    return Parameter("token", _codes(*path), indexed=indexed)


def _reference(target: str, *path: str, indexed: bool = False) -> Parameter:
    return Parameter("reference", _references(*path), target=target, indexed=indexed)


_IDENTIFIER = Parameter("token", _identifiers, indexed=True, private=True)
_PATIENT = _reference("Patient", "subject", indexed=True)
_EVERY = {"_id": _token("id"), "_lastUpdated": Parameter("date", _moments("meta", "lastUpdated"))}
_CLINICAL = {
    **_EVERY,
    "identifier": _IDENTIFIER,
    "patient": _PATIENT,
    "subject": _PATIENT,
    "encounter": _reference("Encounter", "encounter", indexed=True),
    "status": _token("status"),
    "code": _token("code"),
}

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "Patient": {
        **_EVERY,
        "identifier": _IDENTIFIER,
        "family": Parameter("string", _texts("name", "family"), private=True),
        "given": Parameter("string", _texts("name", "given"), private=True),
        "name": Parameter("string", _texts("name", "text"), private=True),
        "birthdate": Parameter("date", _moments("birthDate"), private=True),
        "phone": Parameter("token", _telecom, private=True),
        "gender": _token("gender"),
        "active": _token("active"),
    },
    "Encounter": {
        **_EVERY,
        "identifier": _IDENTIFIER,
        "patient": _PATIENT,
        "subject": _PATIENT,
        "class": _token("class"),
        "status": _token("status"),
        "type": _token("type"),
        "date": Parameter("date", _moments("period")),
        "service-provider": _reference("Organization", "serviceProvider"),
        "location": _reference("Location", "location", "location"),
        "diagnosis": _reference("Condition", "diagnosis", "condition"),
    },
    "Condition": {
        **_CLINICAL,
        "clinical-status": _token("clinicalStatus"),
        "recorded-date": Parameter("date", _moments("recordedDate")),
    },
    "Organization": {
        **_EVERY,
        "identifier": _IDENTIFIER,
        "name": Parameter("string", _texts("name")),
        "partof": _reference("Organization", "partOf"),
    },
    "Location": {
        **_EVERY,
        "name": Parameter("string", _texts("name")),
        "organization": _reference("Organization", "managingOrganization"),
    },
    "MedicationRequest": {**_CLINICAL, "authoredon": Parameter("date", _moments("authoredOn"))},
    "DocumentReference": _CLINICAL,
    "Observation": {**_CLINICAL, "date": Parameter("date", _moments("effectiveDateTime"))},
    "DiagnosticReport": {
        **_CLINICAL,
        "category": _token("category"),
        "date": Parameter("date", _moments("effectiveDateTime")),
        "result": _reference("Observation", "result"),
    },
    "Invoice": {
        **_EVERY,
        "identifier": _IDENTIFIER,
        "patient": _PATIENT,
        "subject": _PATIENT,
        "status": _token("status"),
        "type": _token("type"),
        "date": Parameter("date", _moments("date")),
        "issuer": _reference("Organization", "issuer"),
    },
    "PaymentNotice": {
        **_EVERY,
        # The payer's own number, by which a repetition is known: it names nobody.
        "identifier": Parameter("token", _identifiers, indexed=True),
        "request": _reference("Invoice", "request"),
    },
    "AllergyIntolerance": {**_EVERY, "patient": _reference("Patient", "patient", indexed=True)},
}

#: `_include` values and the path of the reference each follows.
INCLUDES: Mapping[str, tuple[str, ...]] = {
    "Encounter:service-provider": ("serviceProvider",),
    "Encounter:patient": ("subject",),
    "Encounter:subject": ("subject",),
    "Encounter:location": ("location", "location"),
    "Encounter:diagnosis": ("diagnosis", "condition"),
    "Condition:encounter": ("encounter",),
    "Condition:patient": ("subject",),
    "Location:organization": ("managingOrganization",),
    "DiagnosticReport:result": ("result",),
}

#: Parameters that shape the answer instead of choosing resources.
RESULT_PARAMETERS = frozenset({"_sort", "_count", "_include", "_format", "_pretty", "_summary", "_total"})


def included_references(resource: Resource, include: str) -> Iterator[str]:
    if include.split(":")[0] == resource.get("resourceType"):
        yield from (str(value) for value in _dig(resource, (*INCLUDES[include], "reference")))


def sort_moment(span: Span | None) -> datetime:
    return span.start if span is not None else datetime.min.replace(tzinfo=UTC)
