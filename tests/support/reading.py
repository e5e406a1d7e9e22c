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


def read(html: str) -> Reading:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.reading


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.reading = Reading()
        self._open: list[tuple[str, str]] = []

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
        self._open.append((tag, given.get("lang", "")))
        for name in _SPOKEN:
            self._say(given.get(name, ""))
        if tag == "input" and given.get("type") in ("submit", "button"):
            self._say(given.get("value", ""))
        if tag in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._is_in(tag):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._is_in("title") and not self._is_in("svg"):
            self.reading.title += data
        if not self._is_in(*_UNREAD, *_QUOTED):
            self._say(data)

    def _is_in(self, *tags: str) -> bool:
        return any(tag in tags for tag, _ in self._open)

    def _say(self, text: str) -> None:
        said = " ".join(text.split())
        if said:
            lang = next((lang for _, lang in reversed(self._open) if lang), self.reading.lang)
            (self.reading.words if lang == self.reading.lang else self.reading.foreign).append(said)
