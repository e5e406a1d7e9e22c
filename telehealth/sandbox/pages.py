"""HTML of the sandbox: plain pages, escaped, with no part in the product's look."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    return HTMLResponse(_PAGES.get_template(template).render(**values), status)
