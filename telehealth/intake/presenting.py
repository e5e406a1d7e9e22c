"""From a form to what its page shows: which parts in which order, what is asked, what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telehealth.core.i18n import N_
from telehealth.intake.content import FormContent
from telehealth.intake.red_flags import Question
from telehealth.intake.rules import Field, FilledBy, PhotoKind
from telehealth.intake.schemas import PREFIX, hints
from telehealth.intake.sending import Overview

#: What browsers may offer to send for a box.
PHOTOS = "image/jpeg,image/png,image/webp,image/heic,image/heif"
DOCUMENTS = f"{PHOTOS},application/pdf"

_TITLES: Mapping[PhotoKind, str] = {
    PhotoKind.TONGUE: N_("舌象照片"),
    PhotoKind.SITE: N_("患处照片"),
    PhotoKind.REPORT: N_("检查报告"),
}
_HELP: Mapping[PhotoKind, str] = {
    PhotoKind.TONGUE: N_("自然光下正对窗户，舌头自然伸出、放松、舌尖向下；拍照前半小时不要吃有颜色的食物。"),
    PhotoKind.SITE: N_("在亮处拍清楚，远近各一张；可放一枚硬币作对照。"),
    PhotoKind.REPORT: N_("照片或 PDF。"),
}
#: Stored as said, so that the doctor reads the word that was chosen.
RELATIONS = (N_("父母"), N_("子女"), N_("配偶"), N_("其他亲属"), N_("法定监护人"), N_("其他"))
FILLERS: Mapping[FilledBy, str] = {
    FilledBy.PATIENT: N_("就诊人本人"),
    FilledBy.GUARDIAN: N_("监护人"),
    FilledBy.FAMILY: N_("家属代填"),
    FilledBy.STAFF: N_("医院工作人员"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One place for photos. Its name begins with "_": the files live on the server, not in the draft."""

    name: str
    kind: str
    title: str
    help: str
    url: str
    is_required: bool
    accept: str
    max: int
    items: tuple[dict[str, Any], ...]
    error: str


@dataclass(frozen=True, slots=True)
class Part:
    """A text with its "none" box."""

    name: str
    none_name: str
    title: str
    help: str
    none_label: str
    is_required: bool


PARTS = (
    (Field.HISTORY, "no_history", N_("既往病史"), N_("得过什么病，做过什么手术"), N_("没有")),
    (
        Field.ALLERGIES, "no_known_allergies",
        N_("过敏史"), N_("对什么药物、食物过敏，当时怎样"), N_("没有已知的过敏"),
    ),
    (
        Field.MEDICINES, "no_medicines",
        N_("正在使用的药物"), N_("药名、每次多少、一天几次"), N_("没有用药"),
    ),
)  # fmt: skip


def parts(found: Overview) -> tuple[Part, ...]:
    needed = found.sheet.template.required
    return tuple(
        Part(str(name), none, title, help, label, name in needed) for name, none, title, help, label in PARTS
    )


def asks_weight(found: Overview) -> bool:
    return Field.WEIGHT_KG in found.sheet.template.required


def fillers(found: Overview) -> list[tuple[str, str]]:
    """A minor's form is filled in by a guardian (XY22)."""
    is_minor = found.sheet.age < found.sheet.policy.eligibility.guardian_required_under
    offered = [FilledBy.GUARDIAN, FilledBy.FAMILY]
    if not is_minor:
        offered.insert(0, FilledBy.PATIENT)
    return [(str(who), FILLERS[who]) for who in offered]


def boxes(found: Overview, errors: Mapping[str, str]) -> tuple[Box, ...]:
    """Boxes this department needs first; reports go everywhere."""
    wanted = [*found.sheet.template.photos]
    if found.sheet.department.images_first and PhotoKind.SITE not in wanted:
        wanted.append(PhotoKind.SITE)
    return tuple(_box(found, kind, errors) for kind in dict.fromkeys([*wanted, PhotoKind.REPORT]))


def _box(found: Overview, kind: PhotoKind, errors: Mapping[str, str]) -> Box:
    mine = [row for row in found.attachments if row.kind is kind]
    room = found.sheet.policy.intake.max_photos - len(found.attachments)
    return Box(
        name=f"_{kind}",
        kind=str(kind),
        title=_TITLES[kind],
        help=_HELP[kind],
        url=f"{PREFIX}/intake-forms/{found.sheet.row.id}/attachments",
        is_required=kind in found.sheet.template.photos,
        accept=DOCUMENTS if kind is PhotoKind.REPORT else PHOTOS,
        max=len(mine) + room,
        items=tuple(
            {
                "id": row.id,
                "name": row.filename,
                "thumbnail_url": f"{PREFIX}/attachments/{row.id}/content?thumbnail=true"
                if row.thumbnail_key
                else "",
                "href": f"{PREFIX}/attachments/{row.id}/content",
                "remove_url": f"{PREFIX}/attachments/{row.id}",
                "hints": hints(row),
            }
            for row in mine
        ),
        error=errors.get(f"_{kind}", ""),
    )


def for_page(lacking: Mapping[str, str]) -> dict[str, str]:
    """Sentences under the names the page's fields have."""
    return {
        f"_{name.removeprefix('photos.')}" if name.startswith("photos.") else name: said
        for name, said in lacking.items()
    }


def questions(asked: tuple[Question, ...], lang: str) -> list[tuple[str, str]]:
    return [(item.id, item.en if lang == "en" else item.zh) for item in asked]


def values(content: FormContent) -> dict[str, Any]:
    """A stored draft as the fields of its page."""
    shown: dict[str, Any] = content.model_dump(exclude={"answers"}, mode="json")
    shown |= {f"answers.{name}": "yes" if said else "no" for name, said in content.answers.items()}
    return shown


def differences(stored: FormContent, typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Texts another page saved that differ from what was typed here: title and stored text."""
    titles = {"complaint": N_("主诉"), **{str(name): title for name, _, title, _, _ in PARTS}}
    mine = {name: str(typed.get(name, "")).replace("\r\n", "\n").strip() for name in titles}
    theirs = {name: str(getattr(stored, name)) for name in titles}
    return [(title, theirs[name]) for name, title in titles.items() if theirs[name] not in ("", mine[name])]
