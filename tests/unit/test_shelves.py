"""Shelves answer as one router of the same routes would."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

from telehealth.web.shelves import Shelves


async def _say(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {sorted(request.path_params.items())}")


ROUTES = [
    Route("/bookings", _say, methods=["GET"]),
    Route("/bookings/{id}", _say, methods=["GET"]),
    Route("/bookings/{id}/cancellation", _say, methods=["POST"], name="cancel"),
    Route("/clinics", _say, methods=["GET"]),
]


@pytest.mark.parametrize(
    "path", ["/bookings", "/bookings/7", "/bookings/", "/clinics", "/clinics/7", "/book", "/", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_finds_what_it_finds_in_one_router(method: str, path: str) -> None:
    shelved, plain = (
        TestClient(Router([Mount("/api", inner)])).request(method, f"/api{path}", follow_redirects=False)
        for inner in (Shelves(ROUTES), Router(ROUTES))
    )
    assert (shelved.status_code, shelved.text, shelved.headers) == (
        plain.status_code, plain.text, plain.headers,
    )  # fmt: skip


def test_a_route_is_still_found_by_its_name() -> None:
    assert (
        Router([Mount("/api", Shelves(ROUTES))]).url_path_for("cancel", id="7")
        == "/api/bookings/7/cancellation"
    )


def test_a_route_without_a_first_word_has_no_shelf() -> None:
    with pytest.raises(ValueError):
        Shelves([Route("/{id}", _say)])
