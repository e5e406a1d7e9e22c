"""Send a condition form: complete, and with every urgent hint in it answered (XY04, XY22, XY23)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.intake import queries, red_flags, rules
from telehealth.intake.attaching import max_bytes
from telehealth.intake.content import FormContent
from telehealth.intake.errors import FormIncomplete, FormOutdated, RedFlagRaised
from telehealth.intake.filling import Sheet, read, sheet, writable
from telehealth.intake.models import IntakeAttachment, IntakeForm
from telehealth.intake.red_flags import Advice, Question
from telehealth.intake.states import FormEvent, FormState

_OPEN_QUESTION = N_("请回答这个问题")


def hinted(content: FormContent) -> tuple[Question, ...]:
    """The questions that phrases of the text call for; each must be answered before the form goes."""
    return tuple(red_flags.question(hit.flag) for hit in red_flags.hits_in(content.text))


def raised(content: FormContent) -> tuple[str, ...]:
    """Hinted questions answered yes. A yes whose phrase is gone from the text no longer counts."""
    return red_flags.screen(hinted(content), content.answers).flags


async def submit(units: Units, actor: Actor, form_id: UUID, *, version: int | None = None) -> IntakeForm:
    """Send the draft as it is stored. Sending it again changes nothing.

    Raises:
        FormNotFound, FormFixed once a booking uses it.
        FormOutdated: `version` is not the stored one.
        FormIncomplete: with a sentence per field.
        RedFlagRaised: after the answer was recorded; the form stays a draft.
    """
    async with units.of(actor) as unit:
        sent = await _sent_before(unit, form_id)
        if sent is not None:
            return sent
        await writable(unit, form_id)
        found = await sheet(unit, form_id)
        if version is not None and version != found.row.version:
            raise FormOutdated(version=found.row.version)
        advice = red_flags.advice(raised(found.content), found.policy)
        if advice is None:
            return await _send(unit, found)
        unit.audit("intake.red_flag", found.row, level=advice.level)
    raise RedFlagRaised(level=str(advice.level), numbers=list(advice.numbers))


@dataclass(frozen=True, slots=True)
class Overview:
    """A form with its files, its questions and what it still lacks."""

    sheet: Sheet
    attachments: tuple[IntakeAttachment, ...]
    questions: tuple[Question, ...]
    lacking: dict[str, str]
    max_bytes: int


async def overview(unit: Unit, form_id: UUID) -> Overview:
    """Raises FormNotFound."""
    found = await sheet(unit, form_id)
    attached = tuple(await queries.attachments(unit, form_id))
    return Overview(
        found, attached, hinted(found.content), problems(found, attached),
        await max_bytes(unit, found.row.hospital_id),
    )  # fmt: skip


async def advice_for(unit: Unit, form_id: UUID) -> Advice | None:
    """What the answers in a form call for; None when nothing in it is urgent. Raises FormNotFound."""
    found = await sheet(unit, form_id)
    return red_flags.advice(raised(found.content), found.policy)


async def _sent_before(unit: Unit, form_id: UUID) -> IntakeForm | None:
    row = await read(unit, form_id, lock=True)
    return row if row.state is FormState.SUBMITTED else None


async def _send(unit: Unit, found: Sheet) -> IntakeForm:
    lacking = problems(found, await queries.attachments(unit, found.row.id))
    if lacking:
        raise FormIncomplete(lacking)
    found.row.apply(FormEvent.SUBMIT)
    found.row.submitted_at = unit.now
    unit.audit(
        "intake.submitted", found.row, version=found.row.version, filled_by=found.content.filled_by,
        template=found.template.code,
    )  # fmt: skip
    return found.row


def problems(found: Sheet, attached: Sequence[IntakeAttachment]) -> dict[str, str]:
    """What keeps a form from being sent: field → Chinese sentence."""
    content, photos = found.content, Counter(row.kind for row in attached)
    form = content.form(photos)
    lacking = rules.problems(form, found.template, age=found.age, policy=found.policy)
    if content.weight_kg and form.weight_kg is None:
        lacking["weight_kg"] = N_("体重请按公斤填写")
    for flag in red_flags.screen(hinted(content), content.answers).unanswered:
        lacking[f"answers.{flag}"] = _OPEN_QUESTION
    return lacking
