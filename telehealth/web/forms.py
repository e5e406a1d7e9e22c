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
from telehealth.web.contract import field_sentences

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
    values = {name: raw[name] for name in raw}
    for name, info in model.model_fields.items():
        many = getattr(info.annotation, "__origin__", None) in (list, tuple, set, frozenset)
        if many:
            values[name] = raw.get(name, []) if isinstance(raw.get(name), list) else [raw[name]] if raw.get(
                name
            ) else []  # fmt: skip
        elif values.get(name) == "" and not info.is_required():
            # An empty optional field was left out, not sent empty.
            values.pop(name)
        elif info.annotation is bool and name not in values:
            # A checkbox that is not ticked is not sent.
            values[name] = False
    try:
        return Form(
            raw, model=model.model_validate({k: v for k, v in values.items() if k in model.model_fields})
        )
    except ValidationError as error:
        return Form(raw, errors=field_sentences(error))


def collect(data: FormData) -> dict[str, Any]:
    """Field name → text, or a list of texts where a name was sent more than once."""
    values: dict[str, Any] = {}
    for name in data:
        texts = [item.strip() for item in data.getlist(name) if isinstance(item, str)]
        values[name] = texts[0] if len(texts) == 1 else texts
    return values
