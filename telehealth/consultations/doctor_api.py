"""JSON routes of the doctor's side of a room, and of recordings."""

import json
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import StepUpNeeded
from telehealth.bookings.errors import NotWithdrawable, VisitNotAttended
from telehealth.consultations import (
    absent,
    admitting,
    alerting,
    concluding,
    following_up,
    inviting,
    noting,
    recordings,
    withdrawing,
)
from telehealth.consultations.doctor_errors import (
    AbsenceRefused,
    AdmissionRefused,
    AdmissionUnverified,
    ColleagueNotFound,
    ColleagueSeated,
    ConsentMissing,
    FitnessNotConfirmed,
    FollowUpNotFound,
    NoteFixed,
    NoteIncomplete,
    NoteNotFound,
    NoteNotSigned,
    NoteOutdated,
    NotToday,
    RecordingNotFound,
    RemindedJustNow,
    VisitOver,
)
from telehealth.consultations.doctor_queries import note_of, readable_visit
from telehealth.consultations.doctor_schemas import (
    AdmitBody,
    AlarmView,
    ColleagueBody,
    ColleagueView,
    ConcludeBody,
    EndedView,
    FileView,
    FollowUpsQuery,
    FollowUpView,
    LineQuery,
    LineView,
    NoteSavedView,
    NoteView,
    OutcomeBody,
    PlaylistView,
    RecordingLink,
    SignBody,
    VisitView,
    WithdrawBody,
)
from telehealth.consultations.duty import name_in_alarm, urgent_visits
from telehealth.consultations.errors import NotAdmitted, RoomNotFound, SeatNotFound
from telehealth.consultations.filing import file_of
from telehealth.consultations.line import line_of
from telehealth.consultations.noting import SaveNote
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import FieldsInvalid, TransitionRefused
from telehealth.core.unit import Unit, Units
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.web.contract import operation
from telehealth.web.pages import words
from telehealth.web.preferences import language
from telehealth.web.problems import problem

NEEDS = Permission.CONSULT
#: Doctors, heads and the duty desk; the verbs decide further.
READS = Permission.SEE_CLINICS
#: The patient's own recordings too.
PLAYS = Permission.OWN_ACCOUNT


@operation(needs=NEEDS)
async def show_line(unit: Unit, query: LineQuery) -> list[LineView]:
    """The visits of the doctor who asks, urgent ones first; today's unless another day is named."""
    return [LineView.of(row) for row in await line_of(unit, query.day)]


@operation(needs=READS)
async def list_alarms(unit: Unit) -> list[AlarmView]:
    """Every visit of the hospital whose patient cannot wait, the longest waiting first."""
    found = await urgent_visits(unit)
    people = await people_by_id(unit, [visit.person_id for visit in found])
    return [AlarmView.of(visit, name_in_alarm(unit, people.get(visit.person_id))) for visit in found]


@operation(
    needs=NEEDS,
    raises=(
        RoomNotFound, StepUpNeeded, NotToday, VisitOver, FitnessNotConfirmed, ConsentMissing,
        AdmissionRefused, AdmissionUnverified,
    ),
    limit="60/minute",
)  # fmt: skip
async def admit_patient(units: Units, actor: Actor, room_id: UUID, body: AdmitBody) -> VisitView:
    """Open the visit. The gate is asked again; a refusal ends the booking and gives all of the fee back."""
    return VisitView.of(await admitting.admit(units, actor, room_id, fit=body.fit))


@operation(needs=READS, raises=(RoomNotFound, VisitOver))
async def show_patient_file(request: Request, unit: Unit, room_id: UUID) -> FileView:
    """Whoever reads it without being the treating doctor is written down."""
    return FileView.of(await file_of(unit, room_id), words(request))


@operation(needs=NEEDS, raises=(RoomNotFound,))
async def show_note(unit: Unit, room_id: UUID) -> NoteView:
    await readable_visit(unit, room_id)
    return NoteView.of(await note_of(unit, room_id))


@operation(
    needs=NEEDS, raises=(RoomNotFound, VisitOver, NotAdmitted, NoteFixed, NoteOutdated), limit="240/minute"
)
async def save_note(request: Request, unit: Unit, room_id: UUID, body: SaveNote) -> NoteSavedView:
    """Keep the note as it is typed. A conflict carries the stored copy as `current`."""
    try:
        return NoteSavedView.of(await noting.save(unit, room_id, body))
    except NoteOutdated as error:
        stored = NoteView.of(await note_of(unit, room_id))
        return _conflict(request, error, stored)  # type: ignore[return-value]


@operation(
    needs=NEEDS,
    raises=(RoomNotFound, VisitOver, NotAdmitted, NoteNotFound, NoteOutdated, NoteIncomplete),
)
async def sign_note(unit: Unit, room_id: UUID, body: SignBody) -> NoteView:
    """Fix the note: nothing of it changes afterwards."""
    return NoteView.of(await noting.sign(unit, room_id, version=body.version))


@operation(
    needs=NEEDS,
    raises=(RoomNotFound, VisitOver, NotAdmitted, NoteNotSigned, VisitNotAttended, FieldsInvalid),
)
async def conclude_visit(unit: Unit, room_id: UUID, body: ConcludeBody) -> VisitView:
    """Close a visit whose note is signed, with advice, and a day on which somebody looks again."""
    visit = await concluding.conclude(
        unit, room_id,
        advice=body.advice, follow_up_on=body.follow_up_day, follow_up_reason=body.follow_up_reason,
    )  # fmt: skip
    return VisitView.of(visit)


@operation(needs=NEEDS, raises=(RoomNotFound, NotWithdrawable))
async def withdraw_visit(unit: Unit, room_id: UUID, body: WithdrawBody) -> EndedView:
    """Unsuitable online: all of the fee goes back, no strike, and the advice stays with the booking."""
    booking = await withdrawing.find_unsuitable(unit, room_id, reason=body.reason, advice=body.advice)
    return EndedView.of(booking)


@operation(needs=NEEDS, raises=(RoomNotFound, VisitOver, AbsenceRefused))
async def mark_patient_absent(unit: Unit, room_id: UUID) -> EndedView:
    """SJ07: a refusal names every condition that is not met."""
    return EndedView.of(await absent.mark(unit, room_id))


@operation(needs=NEEDS, raises=(RoomNotFound, VisitOver, NotToday, RemindedJustNow), limit="30/minute")
async def remind_patient(unit: Unit, room_id: UUID) -> None:
    """Tell the patient, on their phone too, that the doctor waits."""
    await absent.remind(unit, room_id)


@operation(
    needs=NEEDS,
    status=201,
    raises=(RoomNotFound, VisitOver, NotAdmitted, ColleagueNotFound, ColleagueSeated),
)
async def invite_colleague(unit: Unit, room_id: UUID, body: ColleagueBody) -> ColleagueView:
    """A second doctor of this hospital, for a reason, until the visit ends."""
    return ColleagueView.of(
        await inviting.invite(unit, room_id, doctor_id=body.doctor_id, reason=body.reason)
    )


@operation(needs=NEEDS, raises=(RoomNotFound, VisitOver, SeatNotFound, TransitionRefused))
async def dismiss_colleague(unit: Unit, room_id: UUID, seat_id: UUID) -> None:
    await inviting.dismiss(unit, room_id, seat_id)


@operation(needs=READS, raises=(RoomNotFound,))
async def acknowledge_urgency(unit: Unit, room_id: UUID) -> None:
    """Somebody of the hospital has seen to the alarm."""
    await alerting.acknowledge(unit, room_id)


@operation(needs=NEEDS)
async def list_follow_ups(unit: Unit, query: FollowUpsQuery) -> list[FollowUpView]:
    """Of the doctor who asks, the most urgent first; or what was done."""
    return [FollowUpView.listed(task) for task in await following_up.follow_ups(unit, ended=query.ended)]


@operation(needs=NEEDS, raises=(FollowUpNotFound, TransitionRefused))
async def complete_follow_up(unit: Unit, follow_up_id: UUID, body: OutcomeBody) -> FollowUpView:
    end = following_up.drop if body.dropped else following_up.finish
    row = await end(unit, follow_up_id, outcome=body.outcome)
    person = (await people_by_id(unit, [row.person_id])).get(row.person_id)
    return FollowUpView.of(row, mask_name(person.name) if person else "*")


@operation(needs=PLAYS, raises=(RoomNotFound,))
async def list_recordings(unit: Unit, room_id: UUID) -> PlaylistView:
    """For the treating doctor, whoever may read all records, and the patient; in playing order."""
    return PlaylistView.of(await recordings.playlist(unit, room_id))


@operation(needs=PLAYS, raises=(RecordingNotFound, BlobsDown), limit="120/minute")
async def open_recording(units: Units, actor: Actor, segment_id: UUID) -> RecordingLink:
    """An address that plays one segment for five minutes; each view by staff is written down."""
    return RecordingLink(url=await recordings.link(units, actor, segment_id))


def _conflict(request: Request, error: NoteOutdated, stored: NoteView) -> Response:
    said = problem(request, error)
    body = json.loads(bytes(said.body)) | {"current": stored.model_dump(mode="json")}
    return Response(
        json.dumps(body, ensure_ascii=False),
        said.status_code,
        {"content-language": language(request), "cache-control": "no-store"},
        media_type="application/problem+json",
    )


routes = [
    Route("/line", show_line),
    Route("/alarms", list_alarms),
    Route("/rooms/{room_id}/admission", admit_patient, methods=["POST"]),
    Route("/rooms/{room_id}/file", show_patient_file),
    Route("/rooms/{room_id}/note", show_note),
    Route("/rooms/{room_id}/note", save_note, methods=["PUT"]),
    Route("/rooms/{room_id}/note/signature", sign_note, methods=["POST"]),
    Route("/rooms/{room_id}/conclusion", conclude_visit, methods=["POST"]),
    Route("/rooms/{room_id}/withdrawal", withdraw_visit, methods=["POST"]),
    Route("/rooms/{room_id}/absence", mark_patient_absent, methods=["POST"]),
    Route("/rooms/{room_id}/reminder", remind_patient, methods=["POST"]),
    Route("/rooms/{room_id}/colleagues", invite_colleague, methods=["POST"]),
    Route("/rooms/{room_id}/colleagues/{seat_id}", dismiss_colleague, methods=["DELETE"]),
    Route("/rooms/{room_id}/urgency/acknowledgement", acknowledge_urgency, methods=["POST"]),
    Route("/rooms/{room_id}/recordings", list_recordings),
    Route("/recordings/{segment_id}/link", open_recording),
    Route("/follow-ups", list_follow_ups),
    Route("/follow-ups/{follow_up_id}/completion", complete_follow_up, methods=["POST"]),
]
