"""How often one may try, and where the face check's page sends its browser back to."""

from uuid import UUID

from starlette.requests import Request

from telehealth.web.house import house_of

#: Guessing at documents, cards and codes ends here.
GUESSES = "20/hour"
MESSAGES = "10/hour"


def face_return(request: Request, binding_id: UUID) -> str:
    """`{id}` becomes the check's."""
    return f"{house_of(request).settings.public_url}/family/{binding_id}/face-checks/{{id}}"
