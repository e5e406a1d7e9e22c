"""Walk a house as one person after another: every page that a link leads to, a few of each kind."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import httpx2
from starlette.routing import Match, Mount, Route

import app
from tests.support.reading import Reading, read

#: Of pages that differ only in whose they are: what is wrong with one is wrong with all.
OF_EACH_KIND = 2
#: Of one page asked in different ways.
OF_EACH_ROUTE = 6


@dataclass(frozen=True, slots=True)
class Page:
    who: str
    lang: str
    path: str
    #: The route it belongs to, with the names of its questions: what makes two pages of one kind.
    kind: str
    status: int
    media: str
    #: Empty unless it is HTML.
    reading: Reading
    #: Which page led here.
    came_from: str

    def __str__(self) -> str:
        return f"{self.who} {self.lang} {self.path}"


def walk(house: str, who: str, *, starts: Iterable[str] = (), lang: str = "zh-CN") -> list[Page]:
    """`who` signs in as in the demo; "" stays outside. GET only, in the order of the links."""
    with httpx2.Client(base_url=house, timeout=60, headers={"origin": house}) as http:
        first = "/"
        if who:
            entered = http.post("/demo/enter", data={"who": who})
            first = entered.headers["location"]
        http.post("/preferences", data={"lang": lang, "next": "/"})
        waiting = deque((path, "") for path in (first, *starts))
        seen: set[str] = set()
        kinds: Counter[str] = Counter()
        pages: list[Page] = []
        while waiting:
            path, came_from = waiting.popleft()
            kind = kind_of(path)
            route = kind.partition("?")[0]
            if path in seen or kinds[kind] >= OF_EACH_KIND or kinds[route] >= OF_EACH_ROUTE:
                continue
            seen.add(path)
            kinds.update({kind, route})
            answer = http.get(path)
            media = answer.headers.get("content-type", "").partition(";")[0]
            reading = read(answer.text) if media == "text/html" else Reading()
            pages.append(Page(who, lang, path, kind, answer.status_code, media, reading, came_from))
            leads = [answer.headers["location"]] if answer.is_redirect else reading.links
            waiting.extend((own, path) for own in (_own(house, path, link) for link in leads) if own)
        return pages


def kind_of(path: str) -> str:
    parts = urlsplit(path)
    asked = "&".join(sorted({name for name, _ in parse_qsl(parts.query)}))
    scope = {"type": "http", "method": "GET", "path": parts.path, "root_path": "", "headers": []}
    for route in _routes():
        if route.matches(scope)[0] is Match.FULL:
            return f"{route.path}?{asked}" if asked else route.path
    return parts.path


@cache
def _routes() -> tuple[Route, ...]:
    return tuple(_leaves(route for feature in app.FEATURES for route in feature.pages))


def _leaves(routes: Iterable[object]) -> Iterable[Route]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _leaves(route.routes)
        elif isinstance(route, Route):
            yield route


def _own(house: str, page: str, link: str) -> str:
    """The path of a link into the house; "" for one that leads elsewhere."""
    url = httpx2.URL(house + page).join(link)
    if f"{url.scheme}://{url.netloc.decode()}" != house or url.path.startswith("/static/"):
        return ""
    return url.raw_path.decode()
