"""A page as a reader meets it: its words, where it leads, what it asks for. HTML in, no browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

#: What a reader does not read, or reads as a quotation of something technical.
_UNREAD = {"script", "style", "template", "noscript"}
_QUOTED = {"code", "pre", "kbd", "samp", "textarea"}
_SPOKEN = ("alt", "aria-label", "title", "placeholder")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Reading:
    lang: str = ""
    title: str = ""
    #: Each run of text, and each label that a screen reader says.
    words: list[str] = field(default_factory=list)
    #: Those that say of themselves that they are in another language than the page.
    foreign: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    #: Where links lead that do not stand in the small print at the foot.
    ways_on: list[str] = field(default_factory=list)
    #: method, action
    forms: list[tuple[str, str]] = field(default_factory=list)
    #: Buttons that stand on the page and do nothing by themselves, by what tells script of them; forms that
    #: nothing sends.
    idle: list[str] = field(default_factory=list)


def read(html: str) -> Reading:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.reading


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.reading = Reading()
        #: tag, language, whether it is out of sight until script shows it
        self._open: list[tuple[str, str, bool]] = []
        self._form = ""
        self._is_sent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.reading.lang = given.get("lang", "")
        if tag == "a" and given.get("href"):
            self.reading.links.append(given["href"])
            if not self._is_in("footer") and "skip" not in given.get("class", ""):
                self.reading.ways_on.append(given["href"])
        if tag == "form":
            self.reading.forms.append((given.get("method", "get").lower(), given.get("action", "")))
            # One that is shut is shown, not sent.
            self._form = "" if "inert" in given else given.get("action", "") or "this page"
            self._is_sent = False
        self._notice_idle(tag, given)
        unseen = tag == "template" or "hidden" in given or "script-only" in given.get("class", "").split()
        self._open.append((tag, given.get("lang", ""), unseen))
        for name in _SPOKEN:
            self._say(given.get(name, ""))
        if tag == "input" and given.get("type") in ("submit", "button"):
            self._say(given.get("value", ""))
        if tag in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form and not self._is_sent:
            self.reading.idle.append(f"form to {self._form}")
        if self._is_in(tag):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._is_in("title") and not self._is_in("svg"):
            self.reading.title += data
        if not self._is_in(*_UNREAD, *_QUOTED):
            self._say(data)

    def _is_in(self, *tags: str) -> bool:
        return any(tag in tags for tag, _, _ in self._open)

    def _notice_idle(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "")
        if tag not in ("button", "input") or kind not in ("submit", "image", "button"):
            return
        if kind != "button":
            self._is_sent = True
        elif not any(unseen for _, _, unseen in self._open) and not (
            "hidden" in given or "script-only" in given.get("class", "").split()
        ):
            told = [name for name in given if name.startswith("data-")]
            self.reading.idle.append(f"button {told[0] if told else given.get('id', '')}")

    def _say(self, text: str) -> None:
        said = " ".join(text.split())
        if said:
            lang = next((lang for _, lang, _ in reversed(self._open) if lang), self.reading.lang)
            (self.reading.words if lang == self.reading.lang else self.reading.foreign).append(said)
