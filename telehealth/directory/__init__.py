"""The hospital as the public sees it: what others may ask of the directory."""

from telehealth.directory.accepting import accept_notice
from telehealth.directory.advising import EmergencyAdvice, Place, emergency_advice
from telehealth.directory.errors import (
    CampusNotFound,
    DepartmentNotFound,
    DoctorNotFound,
    HospitalNotFound,
    HospitalNotLive,
    NoticeOutdated,
)
from telehealth.directory.events import DoctorReinstated, DoctorSuspended
from telehealth.directory.models import (
    CalendarDay,
    Campus,
    Credential,
    Department,
    Doctor,
    Hospital,
    ServiceNotice,
)
from telehealth.directory.queries import (
    NOTICE_ACCEPTED,
    acceptance_counts,
    calendar_days,
    campus,
    campuses,
    credentials,
    current_notice,
    department,
    departments,
    doctor,
    doctor_of_account,
    doctors,
    doctors_by_id,
    hospital,
    hospital_by_code,
    hospitals,
    is_working_day,
    lapsing_credentials,
    live_hospital,
    notice_accepted,
    notices,
    working_calendar,
)
from telehealth.directory.states import (
    CREDENTIAL_WORDS,
    DepartmentKind,
    HospitalSwitch,
    NoticeChannel,
    Suspension,
)
from telehealth.directory.wording import said

__all__ = [
    "CREDENTIAL_WORDS", "NOTICE_ACCEPTED",
    "CalendarDay", "Campus", "CampusNotFound", "Credential", "Department", "DepartmentKind",
    "DepartmentNotFound", "Doctor", "DoctorNotFound", "DoctorReinstated", "DoctorSuspended",
    "EmergencyAdvice", "Hospital", "HospitalNotFound", "HospitalNotLive", "HospitalSwitch",
    "NoticeChannel", "NoticeOutdated", "Place", "ServiceNotice", "Suspension", "accept_notice",
    "acceptance_counts", "calendar_days", "campus", "campuses", "credentials", "current_notice", "department",
    "departments", "doctor", "doctor_of_account", "doctors", "doctors_by_id", "emergency_advice", "hospital",
    "hospital_by_code", "hospitals", "is_working_day",
    "lapsing_credentials", "live_hospital", "notice_accepted", "notices",
    "said", "working_calendar",
]  # fmt: skip
