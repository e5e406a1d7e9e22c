"""Words of the directory that code decides by."""

from enum import StrEnum


class DepartmentKind(StrEnum):
    WESTERN = "western"
    TCM = "tcm"
    DENTAL = "dental"
    SKIN = "skin"


class CredentialKind(StrEnum):
    """What a doctor or pharmacist must hold. The first two are needed by everybody who sits online."""

    PRACTISING = "practising_licence"
    INSTITUTION_CONSENT = "institution_consent"
    MULTI_SITE = "multi_site"
    PHARMACIST = "pharmacist_licence"
    QUALIFICATION = "qualification"


class Suspension(StrEnum):
    """Why somebody was taken off; only what the calendar took away does a renewal give back."""

    NONE = ""
    CREDENTIAL = "credential"
    BY_HAND = "by_hand"


class HospitalSwitch(StrEnum):
    """Feature flags of a hospital or campus (SJ12). What is not switched on is off."""

    ONLINE_CLINICS = "online_clinics"
    OFFLINE_REGISTRATION = "offline_registration"
    VIDEO_VISITS = "video_visits"
    PRESCRIPTIONS = "prescriptions"
    MEDICINE_DELIVERY = "medicine_delivery"


class NoticeChannel(StrEnum):
    """Through which door a notice was accepted."""

    BROWSER = "browser"
    APP = "app"
    MINI_PROGRAM = "mini_program"
    DESK = "desk"
