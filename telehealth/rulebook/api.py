from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid, Unavailable
from telehealth.core.unit import Unit
from telehealth.rulebook import publishing, queries
from telehealth.rulebook.errors import (
    CasesUnusable,
    NothingChanged,
    PolicyFixed,
    PolicyNotFound,
    PolicyOutdated,
)
from telehealth.rulebook.rehearsing import Rehearse, rehearse
from telehealth.rulebook.rules import parse_policy
from telehealth.rulebook.schemas import (
    AtRevision,
    ChangeView,
    DraftPolicy,
    OutcomeView,
    PolicySummary,
    PolicyView,
    RehearsalView,
    RehearsePolicy,
    SavePolicy,
)
from telehealth.web.contract import operation
from telehealth.web.house import house_of

EDIT = Permission.EDIT_RULEBOOK


@operation(needs=EDIT)
async def list_policy_versions(unit: Unit) -> list[PolicySummary]:
    """The hospital's rulebook: every version, newest first."""
    rows = await queries.versions(unit, unit.actor.hospital)
    return [PolicySummary.of(row) for row in rows]


@operation(needs=EDIT, status=201, raises=(PolicyOutdated,), idempotent=True)
async def draft_policy_version(unit: Unit, body: DraftPolicy) -> PolicyView:
    """A new draft with the numbers that decide now."""
    return PolicyView.of(await publishing.draft_from_current(unit, unit.actor.hospital, note=body.note))


@operation(needs=EDIT, raises=(PolicyNotFound,))
async def show_policy_version(unit: Unit, version_id: UUID) -> PolicyView:
    return PolicyView.of(await queries.version_row(unit, version_id))


@operation(needs=EDIT, raises=(PolicyNotFound, PolicyFixed, PolicyOutdated, FieldsInvalid))
async def save_policy_draft(unit: Unit, version_id: UUID, body: SavePolicy) -> PolicyView:
    row = await publishing.edit_draft(unit, version_id, body.body, note=body.note, revision=body.revision)
    return PolicyView.of(row)


@operation(needs=EDIT, raises=(PolicyNotFound,))
async def show_policy_changes(unit: Unit, version_id: UUID) -> list[ChangeView]:
    """What this version changes of the one before it."""
    return [ChangeView.of(change) for change in await publishing.changes_of(unit, version_id)]


@operation(needs=EDIT, raises=(PolicyNotFound, CasesUnusable, Unavailable))
async def rehearse_policy_version(
    request: Request, unit: Unit, version_id: UUID, body: RehearsePolicy
) -> RehearsalView:
    """Decide a file of cases under this version, draft or not. Nothing is stored."""
    row = await queries.version_row(unit, version_id)
    outcomes = rehearse(rehearsal_of(request), parse_policy(row.body), body.cases)
    return RehearsalView(
        ok=all(outcome.ok for outcome in outcomes),
        outcomes=[OutcomeView.of(outcome) for outcome in outcomes],
    )


@operation(
    needs=EDIT,
    raises=(PolicyNotFound, PolicyFixed, PolicyOutdated, NothingChanged, FieldsInvalid),
    idempotent=True,
)
async def publish_policy_version(unit: Unit, version_id: UUID, body: AtRevision) -> PolicyView:
    """Let this draft decide from now on."""
    return PolicyView.of(await publishing.publish(unit, version_id, revision=body.revision))


def rehearsal_of(request: Request) -> Rehearse:
    """The rehearsal a feature above contributed. Raises Unavailable in a house without one."""
    found = house_of(request).contributions.get("rehearsals") or []
    if not found:
        raise Unavailable()
    run: Rehearse = found[0]
    return run


routes = [
    Route("/rulebook/versions", list_policy_versions),
    Route("/rulebook/versions", draft_policy_version, methods=["POST"]),
    Route("/rulebook/versions/{version_id}", show_policy_version),
    Route("/rulebook/versions/{version_id}", save_policy_draft, methods=["PUT"]),
    Route("/rulebook/versions/{version_id}/changes", show_policy_changes),
    Route("/rulebook/versions/{version_id}/rehearsal", rehearse_policy_version, methods=["POST"]),
    Route("/rulebook/versions/{version_id}/publication", publish_policy_version, methods=["POST"]),
]
