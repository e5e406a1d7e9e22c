"""Every route says who may come in, and the document says what every route does."""

import re
from collections import Counter

from openapi_spec_validator import validate
from starlette.routing import BaseRoute, Mount, Route

import app
from telehealth.core.access import GRANTS, Permission, Role
from telehealth.core.db import Base
from telehealth.core.tenancy import tenancy_of
from telehealth.web import health, openapi, reference
from telehealth.web.application import VERSION
from telehealth.web.contract import Operation, operation_of
from tests.support.openapi import SNAPSHOT, current

API = [route for feature in app.FEATURES for route in feature.api]
PAGES = [*health.routes, *reference.routes, *(route for feature in app.FEATURES for route in feature.pages)]

#: Staff pages that those who are not signed in yet, or only half, must reach.
STAFF_DOORS = ("/staff/sign-in", "/staff/sign-out")


def test_every_route_names_its_permission_or_says_public() -> None:
    for route in _leaves([*API, *PAGES]):
        operation = operation_of(route.endpoint)
        assert operation is not None, f"{route.path} is no @operation and no @page"
        assert (operation.needs is None) is operation.public, route.path


def test_json_routes_are_operations_and_html_routes_are_pages() -> None:
    assert all(not _operation(route).html for route in _leaves(API))
    assert all(_operation(route).html for route in _leaves(PAGES))


def test_no_staff_page_is_public() -> None:
    for route in _leaves(PAGES):
        if route.path.startswith(("/staff", "/admin")) and not route.path.startswith(STAFF_DOORS):
            assert not _operation(route).public, route.path


def test_every_operation_has_a_name_of_its_own() -> None:
    counted = Counter(_operation(route).name for route in _leaves(API))
    assert [name for name, count in counted.items() if count > 1] == []


def test_a_method_and_path_belong_to_one_route() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for route in _leaves(API):
        counted.update((method, _shape(f"/api/v1{route.path}")) for method in route.methods or ())
    for route in _leaves(PAGES):
        counted.update((method, _shape(route.path)) for method in route.methods or ())
    assert [pair for pair, count in counted.items() if count > 1] == []


def test_a_page_and_its_operation_carry_the_word_page() -> None:
    names = {_operation(route).name for route in _leaves(API)}
    assert {_operation(route).name for route in _leaves(PAGES)}.isdisjoint(names)


def test_every_permission_is_somebodys_and_every_role_has_some() -> None:
    assert set(GRANTS) == set(Role)
    assert {permission for granted in GRANTS.values() for permission in granted} == set(Permission)


def test_patients_and_staff_share_only_their_own_account() -> None:
    staff = {
        permission for role, granted in GRANTS.items() if role is not Role.PATIENT for permission in granted
    }
    assert GRANTS[Role.PATIENT] & staff == {Permission.OWN_ACCOUNT}


def test_every_table_has_a_tenancy() -> None:
    assert set(tenancy_of(Base.registry.mappers)) == set(app.METADATA.tables)


def test_the_document_is_valid_openapi() -> None:
    document = openapi.document(API, version=VERSION)
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_the_document_names_every_error_an_operation_may_raise() -> None:
    document = openapi.document(API, version=VERSION)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            answers = set(operation["responses"])
            if operation["security"]:
                assert {"401", "403"} <= answers, where
            if "requestBody" in operation:
                assert {"413", "415", "422"} <= answers, where
            if "{" in path:
                assert "404" in answers, where


def test_the_reviewed_snapshot_is_the_document() -> None:
    """`make openapi` writes it; the diff is what a client will meet."""
    assert SNAPSHOT.read_text(encoding="utf-8") == current()


def _shape(path: str) -> str:
    """However its parameters are called: of `/s/{token}` and `/s/{scene}` the first takes all."""
    return re.sub(r"{\w+(:\w+)?}", lambda found: f"{{{found[1] or ''}}}", path)


def _operation(route: Route) -> Operation:
    found = operation_of(route.endpoint)
    assert found is not None, route.path
    return found


def _leaves(routes: list[BaseRoute]) -> list[Route]:
    found: list[Route] = []
    for route in routes:
        if isinstance(route, Mount):
            found += _leaves(list(route.routes))
        elif isinstance(route, Route):
            found.append(route)
    return found
