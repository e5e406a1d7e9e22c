"""The API's own page: our rendering of the document, offline and under our policy."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telehealth.web.contract import page
from telehealth.web.pages import render


@page(public=True)
async def openapi_document(request: Request) -> Response:
    return JSONResponse(request.app.state.openapi(), headers={"cache-control": "public, max-age=300"})


@page(public=True)
async def api_reference(request: Request) -> Response:
    document: dict[str, Any] = request.app.state.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper(), **operation}
            groups.setdefault(operation["tags"][0], []).append(entry)
    schemas = document["components"]["schemas"]
    return render(request, "web/reference.html", document=document, groups=groups, schemas=schemas)


routes = [
    Route("/api/v1/openapi.json", openapi_document),
    Route("/api/v1/reference", api_reference),
]
