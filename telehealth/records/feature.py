"""What the hospital knows of a person, for that person."""

from telehealth.core import progress
from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.patients import LinkEnded
from telehealth.records import api, doors, exporting, models, pages, sharing
from telehealth.records.audit_words import WORDS
from telehealth.records.contributing import DESK, me_links, worklist
from telehealth.records.contributing_consents import ShareConsents
from telehealth.records.scenes import play_scene
from telehealth.records.sources import SOURCES

__all__ = ["feature", "models", "progress"]

feature = Feature(
    name="records",
    api=(*api.routes, *doors.routes),
    pages=tuple(pages.routes),
    tasks=(exporting.make, exporting.erase_file),
    deadlines=(DeadlineKind(exporting.ERASURE, exporting.erase),),
    subscriptions=((LinkEnded, sharing.on_link_ended),),
    templates="telehealth.records",
    rail=(RailLink(DESK, "file-heart", N_("个人信息申请"), Permission.BOOK_FOR_PATIENT, order=72),),
    contributions=(
        ("audit_words", WORDS),
        ("demo_scene", play_scene),
        ("me", me_links),
        ("worklist", worklist),
        ("consents", ShareConsents()),
        *(("record_papers", source) for source in SOURCES),
    ),
)
