"""JSON beside every page: what a page does, an app does through the API."""

from starlette.routing import Mount, Route

import app
from telehealth.core.access import GRANTS, Role
from telehealth.web.contract import Operation, operation_of
from tests.house.page_operations import EXCEPTIONS, OPERATIONS


def found(where: str) -> list[tuple[Route, Operation]]:
    rows: list[tuple[Route, Operation]] = []
    left = [route for feature in app.FEATURES for route in getattr(feature, where)]
    while left:
        route = left.pop()
        if isinstance(route, Mount):
            left += route.routes
        elif isinstance(route, Route) and (operation := operation_of(route.endpoint)) is not None:
            rows.append((route, operation))
    return rows


API = {operation.name: operation for _, operation in found("api")}
#: Everything that is sent, and everything that a patient or anybody reads.
PAGES = {
    operation.name: operation
    for route, operation in found("pages")
    if "POST" in (route.methods or ()) or not route.path.startswith(("/staff", "/admin"))
}
LEFT_OUT = {name for names in EXCEPTIONS.values() for name in names}


def test_what_a_page_does_an_app_does_through_the_api() -> None:
    """Add the operation, or name the one that does it; only then say why there is none."""
    missing = []
    for name in sorted(PAGES.keys() - LEFT_OUT):
        wanted = OPERATIONS.get(name, name.removesuffix("_page")).split()
        missing += [f"{name}: {one}" for one in wanted if one not in API]
    assert missing == [], "tests/house/page_operations.py says how"


def test_the_table_holds_nothing_that_goes_without_saying() -> None:
    assert OPERATIONS.keys() & LEFT_OUT == set()
    assert {name for name, does in OPERATIONS.items() if f"{does}_page" == name} == set()


def test_no_exception_keeps_a_patient_from_an_act() -> None:
    """What a patient sends has an operation, whatever it is; only files and links are read without one."""
    theirs = GRANTS[Role.PATIENT]
    acts = {
        operation.name
        for route, operation in found("pages")
        if "POST" in (route.methods or ()) and operation.needs in theirs
    }
    assert acts & LEFT_OUT == set()
