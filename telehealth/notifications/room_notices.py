"""What is sent of the consultation room: to the patient, to the doctor, to those on duty."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import SEAT, YOU, Wording

ROOM_WORDINGS: dict[Notice, Wording] = {
    Notice.ROOM_URGENT: Wording(
        Topic.WORK,
        "患者可能有紧急情况",
        "A patient may need help at once",
        "预约{number}的患者在诊室中报告了可能紧急的情况（{at}），请立即查看并联系患者。",
        "The patient of booking {number} reported what may be an emergency ({at}). Look at once and contact"
        " them.",
        {"number": Var(), "at": Var(Kind.INSTANT)},
        sms="room_urgent",
        sms_order=("number", "at"),
        urgent=True,
        icon="siren",
    ),
    Notice.DOCTOR_WROTE: Wording(
        Topic.BOOKINGS,
        "医生给您发了消息",
        "The doctor wrote to you",
        "医生在诊室里给您发了新消息（{number}），请打开查看。",
        "The doctor sent you a new message in the consultation room ({number}). Please open it.",
        {"number": Var()},
        sms="doctor_wrote",
        sms_order=("number",),
        prompt=True,
        icon="message-square",
    ),
    Notice.DOCTOR_ADMITTED: Wording(
        Topic.BOOKINGS,
        "医生已接诊",
        "The doctor is ready for you",
        "医生已开始{patient}在{starts_at}的就诊（{number}），请进入诊室。",
        "The doctor opened the visit of {patient} on {starts_at} ({number}). Please enter the room.",
        SEAT,
        sms="doctor_admitted",
        sms_order=("patient", "starts_at"),
        prompt=True,
        icon="stethoscope",
    ),
    Notice.PATIENT_REMINDED: Wording(
        Topic.BOOKINGS,
        "医生正在等您",
        "The doctor is waiting for you",
        "医生正在诊室等候{patient}（{starts_at}，{number}），请尽快进入；多次呼叫未应答会记为爽约。",
        "The doctor waits for {patient} in the room ({starts_at}, {number}). Please enter soon; if calls stay"
        " unanswered it counts as a missed visit.",
        SEAT,
        sms="patient_reminded",
        sms_order=("patient", "starts_at"),
        urgent=True,
        icon="bell-ring",
    ),
    Notice.VISIT_CONCLUDED: Wording(
        Topic.BOOKINGS,
        "就诊已结束",
        "The visit is over",
        "{patient}在{starts_at}的就诊（{number}）已结束，医生的建议请在就诊记录中查看。",
        "The visit of {patient} on {starts_at} ({number}) is over. What the doctor advises stands with its"
        " record.",
        SEAT,
        icon="clipboard-check",
    ),
    Notice.VISIT_UNFINISHED: Wording(
        Topic.BOOKINGS,
        "就诊未完成，费用已退回",
        "The visit was not finished, the fee goes back",
        "很抱歉，医生没有按时完成{patient}在{starts_at}的就诊（{number}），费用全额退回，无需申请，不计爽约。",
        "We are sorry: the doctor did not finish the visit of {patient} on {starts_at} ({number}) in time."
        " All of the fee goes back by itself, and it does not count as a missed visit.",
        SEAT,
        icon="undo-2",
    ),
    Notice.DOCTOR_NUDGED: Wording(
        Topic.WORK,
        "有患者在等您接诊",
        "Patients are waiting for you",
        "今天有{count}位已缴费的患者还没有接诊，最早{starts_at}。当日24:00前未接诊将自动全额退费。",
        "{count} paid visits of today wait for you, the earliest of {starts_at}. What nobody attends by"
        " midnight is refunded by itself.",
        {"count": Var(), "starts_at": Var(Kind.INSTANT)},
        sms="doctor_nudged",
        sms_order=("count", "starts_at"),
        prompt=True,
        icon="bell-ring",
    ),
    Notice.NOTE_OVERDUE: Wording(
        Topic.WORK,
        "有就诊未写完病历",
        "A visit has no signed note",
        "{starts_at}的就诊（{number}）还没有签署病历；明日24:00前仍未完成，费用将全额退回患者。",
        "The visit of {starts_at} ({number}) has no signed note. Unless it is finished by midnight tomorrow,"
        " the patient gets all of the fee back.",
        {"number": Var(), "starts_at": Var(Kind.INSTANT)},
        icon="file-pen-line",
    ),
    Notice.COLLEAGUE_INVITED: Wording(
        Topic.WORK,
        "同事请您加入诊室",
        "A colleague asks you into a room",
        "{doctor}医生请您加入预约{number}的诊室，原因请在诊室中查看。",
        "Dr {doctor} asks you into the room of booking {number}. Why, you can read there.",
        {"doctor": Var(), "number": Var()},
        icon="users-round",
    ),
    Notice.FOLLOW_UP_DUE: Wording(
        Topic.BOOKINGS,
        "到了复诊的日子",
        "It is time for a follow-up",
        "按{doctor}医生的建议，{patient}应在{on}前后复诊，点开即可预约同一位医生。",
        "As Dr {doctor} advised, {patient} should be seen again about {on}. Open this to book the same"
        " doctor.",
        {"doctor": Var(), "patient": YOU, "on": Var(Kind.DAY)},
        sms="follow_up_due",
        sms_order=("patient", "on"),
        icon="calendar-heart",
    ),
}
