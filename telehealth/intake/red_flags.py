"""Red flags: which questions to ask, which answers end an online visit, and what free text hints at.

A phrase in free text never blocks by itself and never passes silently: it adds its question, and
the patient's answer decides. So the search leans to finding too much; only a plain denial
("没有胸痛", "no chest pain") keeps a phrase quiet.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from telehealth.rulebook.rules import PolicySet


def N_(message: str) -> str:
    return message


class Level(StrEnum):
    """From the least to the most pressing."""

    URGENT = "urgent"
    CRISIS = "crisis"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class Question:
    """Yes means a red flag. `lookalikes` are longer words in which a phrase means nothing."""

    id: str
    level: Level
    zh: str
    en: str
    phrases_zh: tuple[str, ...]
    phrases_en: tuple[str, ...]
    lookalikes: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A phrase found undenied. `start` counts in the text as compared: NFKC, no blanks between characters."""

    flag: str
    phrase: str
    start: int


@dataclass(frozen=True)
class Screening:
    """`flags` are the questions answered yes. Without answers to all there is no result yet."""

    flags: tuple[str, ...]
    unanswered: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return not self.unanswered


@dataclass(frozen=True)
class Advice:
    """What the page shows instead of a booking. `numbers` are telephone numbers to offer."""

    level: Level
    numbers: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class _Book:
    questions: Mapping[str, Question]
    always: tuple[str, ...]
    by_diagnosis: Mapping[str, tuple[str, ...]]
    by_complaint: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def question(flag: str) -> Question:
    """Raises KeyError for a flag we do not ask about."""
    return _book().questions[flag]


def all_questions() -> tuple[Question, ...]:
    return tuple(_book().questions.values())


def questions_for(diagnoses: Iterable[str], text: str = "") -> tuple[Question, ...]:
    """What to ask somebody with these ICD-10 codes who wrote `text` (complaint, symptoms, history)."""
    book = _book()
    plain = _plain(text)
    wanted = list(book.always)
    for code in diagnoses:
        wanted += _flags_of(code)
    for words, flags in book.by_complaint:
        if any(word in plain for word in words):
            wanted += flags
    wanted += [hit.flag for hit in hits_in(text)]
    return tuple(book.questions[flag] for flag in dict.fromkeys(wanted))


def screen(questions: Iterable[Question], answers: Mapping[str, bool]) -> Screening:
    asked = [each.id for each in questions]
    return Screening(
        flags=tuple(flag for flag in asked if answers.get(flag) is True),
        unanswered=tuple(flag for flag in asked if answers.get(flag) is None),
    )


def advice(flags: Iterable[str], policy: PolicySet) -> Advice | None:
    """The most pressing advice for these flags; a flag we do not know counts as an emergency."""
    known = _book().questions
    levels = {known[flag].level if flag in known else Level.EMERGENCY for flag in flags}
    if not levels:
        return None
    level = max(levels, key=list(Level).index)
    emergency, crisis = policy.intake.emergency_number, policy.intake.crisis_line
    numbers = {
        Level.EMERGENCY: (emergency, crisis) if Level.CRISIS in levels else (emergency,),
        Level.CRISIS: (crisis, emergency),
        Level.URGENT: (),
    }[level]
    return Advice(level, numbers, _ADVICE[level])


def hits_in(text: str) -> tuple[Hit, ...]:
    """The first undenied phrase of each flag, in the order of the text."""
    plain = _plain(text)
    found: dict[str, Hit] = {}
    for hit in sorted(_hits(plain), key=lambda hit: hit.start):
        found.setdefault(hit.flag, hit)
    return tuple(found.values())


_ADVICE: Mapping[Level, str] = {
    Level.EMERGENCY: N_("这可能是急症。请立即拨打急救电话，或由家人送到最近的急诊，不要等待线上就诊。"),
    Level.CRISIS: N_("您不必独自承受。请现在就拨打心理援助热线，或告诉身边的人；有危险时拨打急救电话。"),
    Level.URGENT: N_("这种情况需要医生当面检查。请今天到医院就诊，症状加重时请拨打急救电话。"),
}

# ----------------------------------------------------------------- denial, in Chinese and English

_JOIN = "[、和或及与跟]"
_FILLERS = "(?:出现|发生|发现|感到|感觉|觉得|明显|任何|什么|伴有|有|过|再|的|见|伴|曾)*"
#: In a list under one negation each item must be a symptom: "没胃口、胸痛" denies no chest pain.
_SYMPTOMS_ZH = (
    "发热 发烧 咳嗽 咳痰 头痛 头晕 头疼 恶心 呕吐 腹痛 腹胀 腹泻 便秘 乏力 心慌 心悸 胸闷 水肿 浮肿 皮疹 "
    "畏寒 寒战 盗汗 出血 鼻塞 流涕 咽痛 气促 气短 气喘 尿频 尿急 尿痛 反酸 烧心 麻木 抽搐 过敏 其他不适 不适"
).split()
_SYMPTOMS_EN = (
    "fever cough nausea vomiting dizziness headache palpitations rash diarrhea diarrhoea swelling".split()
)
#: What is denied is then the change, not the symptom: "没有胸痛缓解".
_CHANGE = re.compile("(?:加重|加剧|恶化|缓解|好转|减轻|改善|消失|频繁|厉害)")
_CLAUSE_ZH = re.compile(r"[，。；！？,.;!?\n]|但是|但|却|不过|然而")
_CLAUSE_EN = re.compile(r"[.;!?\n]|\bbut\b|\bhowever\b|\bexcept\b")


#: A denial further away than this many characters is not looked for, whatever is pasted in.
_REACH = 60


@dataclass(frozen=True)
class _Denials:
    zh_before: re.Pattern[str]
    zh_after: re.Pattern[str]
    en_before: re.Pattern[str]


@lru_cache(maxsize=1)
def _denials() -> _Denials:
    asked = _book().questions.values()
    zh = "|".join(sorted({*_SYMPTOMS_ZH, *(p for q in asked for p in q.phrases_zh)}, key=len, reverse=True))
    en = "|".join(sorted({*_SYMPTOMS_EN, *(p for q in asked for p in q.phrases_en)}, key=len, reverse=True))
    negator = "(?:没有|没|并无|从无|无|未见|未曾|从未|未|否认|不是|不)"
    # "有没有" and "有无" ask, "不是没有" and "并非没有" affirm.
    zh_before = f"(?<!有)(?<!不是)(?<!并非)(?<!不能说){negator}{_FILLERS}(?:(?:{zh}){_JOIN}+{_FILLERS})*$"
    zh_after = f"^(?:{_JOIN}+(?:{zh}))*(?:的?(?:情况|症状|现象))?(?:也|都|均|倒)*(?:没有|没|无)(?:有|过)?$"
    en_filler = r"(?:(?:any|a|an|the|new|current|recent|had|having|signs? of|history of)\s+)*"
    en_before = (
        r"(?<!not )\b(?:no|not|without|denies|denied|never|don't have|do not have|haven't had)\s+"
        rf"{en_filler}(?:(?:{en})\s*(?:,|/|\bor\b|\band\b|\bnor\b)+\s*(?:or\s+|and\s+)?{en_filler})*$"
    )
    return _Denials(re.compile(zh_before), re.compile(zh_after), re.compile(en_before))


@lru_cache(maxsize=1)
def _any_phrase() -> re.Pattern[str]:
    phrases = {p for q in _book().questions.values() for p in (*q.phrases_zh, *q.phrases_en)}
    return re.compile("|".join(sorted(map(re.escape, phrases))))


def _hits(plain: str) -> Iterator[Hit]:
    # A chat asks this of every message, and most name none of them.
    if _any_phrase().search(plain) is None:
        return
    for asked in _book().questions.values():
        zh = [phrase for phrase in asked.phrases_zh if phrase in plain]
        en = [phrase for phrase in asked.phrases_en if phrase in plain]
        blind = [span for word in asked.lookalikes if zh for span in _spans(re.escape(word), plain)]
        for phrase in zh:
            for start, end in _spans(re.escape(phrase), plain):
                if not any(a <= start and end <= b for a, b in blind) and not _denied_zh(plain, start, end):
                    yield Hit(asked.id, phrase, start)
        for phrase in en:
            for start, _ in _spans(rf"\b{re.escape(phrase)}\b", plain):
                if not _denied_en(plain, start):
                    yield Hit(asked.id, phrase, start)


def _spans(pattern: str, text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(pattern, text)]


def _denied_zh(text: str, start: int, end: int) -> bool:
    before = _CLAUSE_ZH.split(text[max(start - _REACH, 0) : start])[-1]
    after = _CLAUSE_ZH.split(text[end : end + _REACH])[0]
    if _CHANGE.match(after):
        return False
    return bool(_denials().zh_before.search(before) or _denials().zh_after.search(after))


def _denied_en(text: str, start: int) -> bool:
    return bool(_denials().en_before.search(_CLAUSE_EN.split(text[max(start - _REACH, 0) : start])[-1]))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.sub(r"(?<=[\u4e00-\u9fff])[ \t]+(?=[\u4e00-\u9fff])", "", text)


def _flags_of(code: str) -> tuple[str, ...]:
    """Codes get longer from one coding table to the next: E11.900 asks what E11.9 asks."""
    known = _book().by_diagnosis
    wanted = code.strip().upper()
    fits = [each for each in known if wanted.startswith(each)]
    return known[max(fits, key=len)] if fits else ()


@lru_cache(maxsize=1)
def _book() -> _Book:
    path = files("telehealth.intake") / "data" / "red_flags.json"
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return _Book(
        questions={row["id"]: _question(row) for row in raw["questions"]},
        always=tuple(raw["always"]),
        by_diagnosis={code: tuple(row["flags"]) for code, row in raw["by_diagnosis"].items()},
        by_complaint=tuple((tuple(row["words"]), tuple(row["flags"])) for row in raw["by_complaint"]),
    )


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        row["id"], Level(row["level"]), row["zh"], row["en"],
        tuple(row["phrases_zh"]), tuple(row["phrases_en"]), tuple(row["lookalikes"]),
    )  # fmt: skip
