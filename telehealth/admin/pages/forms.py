"""Rendering a form again with what was typed, and its errors in the reader's language."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from telehealth.web.forms import Form
from telehealth.web.pages import render, words


def render_form(
    request: Request, template: str, form: Form[Any], *, status: int = 200, **context: Any
) -> Response:
    """The template gets `v`, the values, and `errors`, a sentence per field."""
    _ = words(request)
    errors = {name: _(sentence) for name, sentence in form.errors.items()}
    return render(request, template, status, v=form.values, errors=errors, **context)
