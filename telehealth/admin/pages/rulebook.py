"""Versions of the rulebook: draft, edit, compare, rehearse, publish."""

from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth import rulebook
from telehealth.admin.editing import change_lines, groups, sent_set
from telehealth.admin.wording import POLICY_STATES
from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.rulebook import PolicyVersionRow, publishing
from telehealth.rulebook.errors import CasesUnusable, NothingChanged, PolicyOutdated
from telehealth.rulebook.rehearsing import Outcome, rehearse
from telehealth.rulebook.rules import parse_policy
from telehealth.rulebook.states import PolicyState
from telehealth.web.contract import page
from telehealth.web.forms import collect
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language

NEEDS = Permission.EDIT_RULEBOOK
#: A case file that is uploaded; pasted text is bounded by the form itself.
LARGEST_FILE_BYTES = 800_000


@page(needs=NEEDS)
async def rulebook_page(request: Request, unit: Unit) -> Response:
    rows = await rulebook.versions(unit, unit.actor.hospital)
    return render(
        request,
        "admin/rulebook.html",
        versions=[_line(row) for row in rows],
        has_draft=any(row.state is PolicyState.DRAFT for row in rows),
    )


@page(needs=NEEDS)
async def draft_policy_page(request: Request, unit: Unit) -> Response:
    row = await publishing.draft_from_current(unit, unit.actor.hospital)
    return redirect(f"/admin/rulebook/{row.id}", flash=N_("已新建草稿，保存后可试算并发布"))


@page(needs=NEEDS)
async def policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    return await _show(request, unit, await rulebook.version_row(unit, version_id))


@page(needs=NEEDS)
async def save_policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    typed = collect(await request.form(max_fields=400, max_files=0))
    row = await rulebook.version_row(unit, version_id)
    sent = sent_set(typed, parse_policy(row.body))
    note = str(typed.get("note", ""))[:200]
    try:
        await publishing.edit_draft(unit, version_id, sent, note=note, revision=_revision(typed))
    except FieldsInvalid as error:
        return await _show(request, unit, row, typed=typed, errors=error.fields, status=422)
    except PolicyOutdated as error:
        return await _show(request, unit, row, typed=typed, errors={"": error.detail}, status=409)
    if typed.get("go") == "review":
        return redirect(f"/admin/rulebook/{version_id}/review")
    return redirect(f"/admin/rulebook/{version_id}", flash=N_("已保存"))


@page(needs=NEEDS)
async def discard_policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    typed = collect(await request.form(max_fields=10, max_files=0))
    await publishing.discard_draft(unit, version_id, revision=_revision(typed))
    return redirect("/admin/rulebook", flash=N_("草稿已作废"))


@page(needs=NEEDS)
async def review_policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    return await _review(request, unit, version_id)


@page(needs=NEEDS)
async def rehearse_policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    text = await _sent_cases(request)
    row = await rulebook.version_row(unit, version_id)
    run = (house_of(request).contributions.get("rehearsals") or [None])[0]
    if run is None:
        return await _review(request, unit, version_id, cases=text, refusal=N_("没有可用的试算"), status=409)
    try:
        outcomes = rehearse(run, parse_policy(row.body), text)
    except CasesUnusable as error:
        reason = str(error.facts.get("reason", ""))
        return await _review(
            request, unit, version_id, cases=text, refusal=error.detail, reason=reason, status=422
        )
    unit.audit(
        "policy.rehearsed", row, number=row.number, cases=len(outcomes), ok=sum(x.ok for x in outcomes)
    )
    return await _review(request, unit, version_id, cases=text, outcomes=outcomes)


@page(needs=NEEDS)
async def publish_policy_page(request: Request, unit: Unit, version_id: UUID) -> Response:
    typed = collect(await request.form(max_fields=10, max_files=0))
    if typed.get("confirm") != "true":
        return await _review(request, unit, version_id, unconfirmed=N_("请确认已核对全部改动"), status=422)
    try:
        await publishing.publish(unit, version_id, revision=_revision(typed))
    except (PolicyOutdated, NothingChanged) as error:
        return await _review(request, unit, version_id, unconfirmed=error.detail, status=409)
    except FieldsInvalid as error:
        stale = await rulebook.version_row(unit, version_id)
        return await _show(request, unit, stale, errors=error.fields, status=422)
    return redirect("/admin/rulebook", flash=N_("已发布，新的判定即时生效"))


async def _show(
    request: Request,
    unit: Unit,
    row: PolicyVersionRow,
    *,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The editor of a draft, or a published version with what it changed."""
    lang, _ = language(request), words(request)
    errors = {name: _(sentence) for name, sentence in (errors or {}).items()}
    policy = parse_policy(row.body)
    if row.state is not PolicyState.DRAFT:
        changes = change_lines(await publishing.changes_of(unit, row.id), lang)
        return render(
            request, "admin/policy.html", version=_line(row), groups=groups(policy, lang), changes=changes
        )
    current = await rulebook.current_row(unit, row.hospital_id)
    shown = groups(
        policy, lang, current=parse_policy(current.body) if current else None, typed=typed, errors=errors
    )
    return render(
        request,
        "admin/policy_draft.html",
        status,
        version=_line(row),
        note=row.note if typed is None else typed.get("note", ""),
        revision=row.revision if typed is None else typed.get("revision", ""),
        groups=shown,
        errors=errors,
        is_outdated=(current.number if current else 0) != row.based_on,
    )


async def _review(
    request: Request,
    unit: Unit,
    version_id: UUID,
    *,
    cases: str = "",
    outcomes: tuple[Outcome, ...] | None = None,
    refusal: str = "",
    reason: str = "",
    unconfirmed: str = "",
    status: int = 200,
) -> Response:
    row = await rulebook.version_row(unit, version_id)
    if row.state is not PolicyState.DRAFT:
        return redirect(f"/admin/rulebook/{version_id}")
    changes = await publishing.changes_of(unit, version_id)
    samples = house_of(request).contributions.get("rehearsal_samples") or []
    return render(
        request,
        "admin/policy_review.html",
        status,
        version=_line(row),
        changes=change_lines(changes, language(request)),
        is_first=row.based_on == 0,
        revision=row.revision,
        cases=cases or (samples[0]() if samples and outcomes is None and not refusal else ""),
        outcomes=outcomes,
        missed=0 if outcomes is None else sum(not outcome.ok for outcome in outcomes),
        refusal=refusal,
        reason=reason,
        unconfirmed=unconfirmed,
    )


async def _sent_cases(request: Request) -> str:
    """The uploaded file when there is one, else what was pasted. Bounded, and nothing is written: no job."""
    async with request.form(max_fields=10, max_files=1) as data:
        file = data.get("file")
        if isinstance(file, UploadFile) and file.filename:
            return (await file.read(LARGEST_FILE_BYTES)).decode("utf-8-sig", "replace")
        return str(data.get("cases") or "")


def _revision(typed: dict[str, Any]) -> int:
    """What the editor opened; nonsense matches no revision and is told as outdated."""
    text = str(typed.get("revision", ""))
    return int(text) if text.isdecimal() and len(text) < 8 else -1


def _line(row: PolicyVersionRow) -> dict[str, Any]:
    kind, label = POLICY_STATES[row.state]
    return {
        "id": row.id,
        "number": row.number,
        "kind": kind,
        "label": label,
        "note": row.note,
        "based_on": row.based_on,
        "digest": row.digest[:12],
        "created_at": row.created_at,
        "published_at": row.published_at,
        "is_draft": row.state is PolicyState.DRAFT,
    }


routes = [
    Route("/admin/rulebook", rulebook_page),
    Route("/admin/rulebook/drafts", draft_policy_page, methods=["POST"]),
    Route("/admin/rulebook/{version_id:uuid}", policy_page),
    Route("/admin/rulebook/{version_id:uuid}", save_policy_page, methods=["POST"]),
    Route("/admin/rulebook/{version_id:uuid}/discard", discard_policy_page, methods=["POST"]),
    Route("/admin/rulebook/{version_id:uuid}/review", review_policy_page),
    Route("/admin/rulebook/{version_id:uuid}/rehearsal", rehearse_policy_page, methods=["POST"]),
    Route("/admin/rulebook/{version_id:uuid}/publication", publish_policy_page, methods=["POST"]),
]
