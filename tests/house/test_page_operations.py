"""JSON beside every page: what a page does, an app does through the API."""

from starlette.routing import Mount, Route

import app
from telehealth.core.access import GRANTS, Permission, Role
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
#: Whose work may be read by a system of the hospital's own; what an administrator sets up is at the console.
AT_WORK = tuple(role for role in Role if role not in (Role.PATIENT, Role.ADMIN))


def _is_wanted(route: Route, operation: Operation) -> bool:
    """Everything that is sent, and everything that a patient, anybody or somebody at work reads."""
    if "POST" in (route.methods or ()) or not route.path.startswith(("/staff", "/admin")):
        return True
    return operation.needs is not None and any(operation.needs in GRANTS[role] for role in AT_WORK)


PAGES = {operation.name: operation for route, operation in found("pages") if _is_wanted(route, operation)}
LEFT_OUT = {name for names in EXCEPTIONS.values() for name in names}


def test_what_a_page_does_an_app_does_through_the_api() -> None:
    """Add the operation, or name the one that does it; only then say why there is none."""
    missing = []
    for name in sorted(PAGES.keys() - LEFT_OUT):
        wanted = OPERATIONS.get(name, name.removesuffix("_page")).split()
        missing += [f"{name}: {one}" for one in wanted if one not in API]
    assert missing == [], "tests/house/page_operations.py says how"


def test_whoever_may_open_a_page_may_call_what_does_the_same() -> None:
    """An operation of a fitting name that belongs to others does nothing for this person's app."""
    barred = []
    for name in sorted(PAGES.keys() - LEFT_OUT):
        wanted = OPERATIONS.get(name, name.removesuffix("_page")).split()
        operations = [API[one] for one in wanted if one in API]
        for role in _readers(PAGES[name]):
            missing = [one.name for one in operations if one.needs not in (None, *GRANTS[role])]
            # Of a page for several roles each needs its part; a patient's page is the patient's whole.
            if missing and (role is Role.PATIENT or len(missing) == len(operations)):
                barred.append(f"{name}: {role} may not call {', '.join(missing)}")
    assert barred == []


def _readers(page: Operation) -> list[Role]:
    """Rooms are open to whoever is signed in, and what they hold decides further."""
    if page.needs is Permission.OWN_ACCOUNT:
        return [Role.PATIENT]
    return [role for role in Role if page.needs in GRANTS[role]]


def test_no_two_operations_share_a_name() -> None:
    names = [operation.name for _, operation in found("api")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


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
