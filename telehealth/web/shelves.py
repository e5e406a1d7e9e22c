"""Routes by the first word of their path, so that a call is not compared with those of every feature."""

from collections import defaultdict
from collections.abc import Sequence

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send


class Shelves(Router):
    """As one router of the same routes, whose number a call no longer pays for."""

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes)
        shelves: dict[str, list[Route]] = defaultdict(list)
        for route in routes:
            word = _first_word(route.path)
            if "{" in word:
                raise ValueError(f"{route.path} does not begin with a word")
            shelves[word].append(route)
        self._shelves = {word: Router(found) for word, found in shelves.items()}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        shelf = self._shelves.get(_first_word(scope["path"].removeprefix(scope.get("root_path", ""))))
        await (self.not_found if shelf is None else shelf)(scope, receive, send)


def _first_word(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""
