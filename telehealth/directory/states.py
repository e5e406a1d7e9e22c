"""Words of the directory that code decides by."""

from enum import StrEnum

from telehealth.core.i18n import N_


class DepartmentKind(StrEnum):
    WESTERN = "western"
    TCM = "tcm"
    DENTAL = "dental"
    SKIN = "skin"


class VisitDoor(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"


class CredentialKind(StrEnum):
    """What a doctor or pharmacist must hold. The first two are needed by everybody who sits online."""

    PRACTISING = "practising_licence"
    INSTITUTION_CONSENT = "institution_consent"
    MULTI_SITE = "multi_site"
    PHARMACIST = "pharmacist_licence"
    QUALIFICATION = "qualification"


#: As people call them, in Chinese and English.
CREDENTIAL_WORDS = {
    CredentialKind.PRACTISING: (N_("医师执业证书"), "practising licence"),
    CredentialKind.INSTITUTION_CONSENT: (N_("本院同意开展互联网诊疗"), "hospital's consent to online care"),
    CredentialKind.MULTI_SITE: (N_("多机构执业备案"), "multi-site filing"),
    CredentialKind.PHARMACIST: (N_("药师资格"), "pharmacist licence"),
    CredentialKind.QUALIFICATION: (N_("医师资格证书"), "qualification certificate"),
}


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
