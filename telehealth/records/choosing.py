"""Read "kind:id" words, as forms and clients name papers."""

from collections.abc import Sequence
from uuid import UUID

from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.records.states import PaperKind


def chosen_papers(words: Sequence[str]) -> list[tuple[PaperKind, UUID]]:
    """Raises FieldsInvalid."""
    try:
        return [(PaperKind(kind), UUID(item)) for kind, _, item in (word.partition(":") for word in words)]
    except ValueError:
        raise FieldsInvalid({"papers": N_("请从列出的资料中选择")}) from None
