"""An HTML form is the JSON body of the same Pydantic model, read from form fields.

form = await read_form(request, AddPerson)
if form.model is None: re-render with form.values and form.errors
"""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from telehealth.core.errors import FieldsInvalid
from telehealth.core.text import is_storable
from telehealth.web.contract import UNREADABLE, field_sentences

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Form(Generic[M]):
    """`values` are what the person typed, to show again; `errors` a Chinese sentence per field."""

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    model: M | None = None

    def refuse(self, error: FieldsInvalid) -> "Form[M]":
        """Take a service's field errors, so that the page shows them beside the fields."""
        self.errors.update(error.fields)
        self.model = None
        return self


def blank(**values: Any) -> Form[Any]:
    return Form(values)


async def read_form(request: Request, model: type[M]) -> Form[M]:
    raw = collect(await request.form(max_fields=400, max_files=0))
    _join_dates(raw)
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        typed = raw.get(name)
        if getattr(info.annotation, "__origin__", None) in (list, tuple, set, frozenset):
            values[name] = typed if isinstance(typed, list) else [typed] if typed else []
        elif info.annotation is bool and typed is None:
            # A checkbox that is not ticked is not sent.
            values[name] = False
        elif typed is not None and (typed != "" or info.is_required()):
            # An empty optional field was left out, not sent empty.
            values[name] = typed
    if unreadable := {name: UNREADABLE for name, value in raw.items() if not is_storable(value)}:
        return Form({name: raw[name] for name in raw if name not in unreadable}, errors=unreadable)
    try:
        return Form(raw, model=model.model_validate(values))
    except ValidationError as error:
        return Form(raw, errors=field_sentences(error))


def collect(data: FormData) -> dict[str, Any]:
    """Field name → text, or a list of texts where a name was sent more than once."""
    values: dict[str, Any] = {}
    for name in data:
        texts = [item.strip() for item in data.getlist(name) if isinstance(item, str)]
        values[name] = texts[0] if len(texts) == 1 else texts
    return values


def _join_dates(raw: dict[str, Any]) -> None:
    """Three selects `x_year`, `x_month`, `x_day` are one date `x`; none chosen is an empty one."""
    for name in [key.removesuffix("_year") for key in raw if key.endswith("_year")]:
        parts = [str(raw.get(f"{name}_{part}", "")) for part in ("year", "month", "day")]
        raw[name] = "-".join(part.zfill(2) for part in parts) if any(parts) else ""
