"""How often an account may try, and where an outside page sends its browser back to."""

from uuid import UUID

from starlette.requests import Request

from telehealth.web.house import house_of

#: Guessing at pairs of name and number, or at cards, ends here.
GUESSES = "20/hour"
MESSAGES = "10/hour"


def face_return(request: Request, person_id: UUID) -> str:
    """Where the vendor sends the browser; `{id}` becomes the check's."""
    return f"{house_of(request).settings.public_url}/people/{person_id}/face-checks/{{id}}"
