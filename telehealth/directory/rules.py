"""Who may sit an online clinic: what must be held, and for how long they must have practised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from telehealth.core.clock import HospitalDay, completed_years
from telehealth.directory.states import CredentialKind

#: Internet-care rule: three years of independent clinical practice before seeing patients online.
PRACTICE_YEARS = 3
PRACTICE = "independent_practice"


@dataclass(frozen=True, slots=True)
class Held:
    """A credential as the rule sees it; `valid_until` is its last valid day."""

    kind: CredentialKind
    valid_from: HospitalDay
    valid_until: HospitalDay
    revoked: bool = False

    def is_valid(self, day: HospitalDay) -> bool:
        return not self.revoked and self.valid_from <= day <= self.valid_until


def needed(*, multi_site: bool) -> tuple[CredentialKind, ...]:
    """Registration and the hospital's consent; a filing as well for those registered elsewhere."""
    always = (CredentialKind.PRACTISING, CredentialKind.INSTITUTION_CONSENT)
    return (*always, CredentialKind.MULTI_SITE) if multi_site else always


def missing_for_online(
    held: Iterable[Held], *, practising_since: date, multi_site: bool, day: HospitalDay
) -> tuple[str, ...]:
    """What keeps a doctor from sitting online on `day`; empty when nothing does."""
    valid = {credential.kind for credential in held if credential.is_valid(day)}
    lacking = [str(kind) for kind in needed(multi_site=multi_site) if kind not in valid]
    if completed_years(practising_since, day) < PRACTICE_YEARS:
        lacking.append(PRACTICE)
    return tuple(lacking)
