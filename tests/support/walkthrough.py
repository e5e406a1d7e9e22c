"""Reads a document of requests and answers, and does what it says against a house and its sandboxes.

Fenced blocks are steps, in order; their info string says which:

    http           a request to the house: method and address, headers, an empty line, a JSON body
    http until     the same, asked again until the answer is the one that follows
    sandbox        a request to the sandboxes, which play everybody outside: the phone, the till, the courier
    answer         what the last request is answered: the status, headers if they matter, then JSON
    socket         `GET /address` and headers open one; `> …` is sent, `< …` is awaited among what comes

An answer shows what matters: fields that are left out may be there. "…" is anything, "≥ 1" a number that
large; a list that ends with "…" goes on, and one that begins with it holds the others somewhere.
`{{name}}` in an answer keeps what stands there, or must be what was kept; in a request it is put in.
`{{id:name}}` is a fresh UUID, `{{totp:login}}` what that person's authenticator shows.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from websockets.sync.client import ClientConnection, connect

ANYTHING = "…"
PATIENCE_S = 90.0
_FENCE = re.compile(r"^```(\w+(?: \w+)*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\{\{([^{}]+)\}\}")
_LEAST = re.compile(r"≥ (\d+)")
_HEADER = re.compile(r"([A-Za-z][A-Za-z-]*): (.*)")
KINDS = ("http", "http until", "sandbox", "answer", "socket")


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    text: str
    #: Where it stands in the document, for whoever has to mend it.
    line: int


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    address: str
    headers: dict[str, str]
    body: str


def blocks(text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        if found[1] in KINDS:
            yield Block(found[1], found[2], text.count("\n", 0, found.start()) + 2)


#: A request and its answer, or what is said and heard through a socket.
Step = tuple[Block, ...]


def steps_of(text: str) -> list[Step]:
    found: list[Step] = []
    for block in blocks(text):
        if block.kind == "answer":
            found[-1] = (*found[-1], block)
        else:
            found.append((block,))
    return found


def read_request(text: str) -> Request:
    head, _, body = text.partition("\n\n")
    first, *rest = head.strip().splitlines()
    method, address = first.split(" ", 1)
    headers = dict(line.split(": ", 1) for line in rest)
    return Request(method, address.strip(), headers, body.strip())


def read_answer(text: str) -> tuple[int, dict[str, str], Any]:
    status, *lines = text.strip().splitlines()
    headers: dict[str, str] = {}
    while lines and (found := _HEADER.fullmatch(lines[0])):
        headers[found[1]] = found[2]
        lines.pop(0)
    body = "\n".join(lines).strip()
    return int(status), headers, json.loads(body) if body else None


def matches(wanted: Any, said: Any, kept: dict[str, Any]) -> bool:
    """Whether an answer is the one of the document; what it names is added to `kept`."""
    if isinstance(wanted, str):
        return _text_matches(wanted, said, kept)
    if isinstance(wanted, dict):
        return isinstance(said, dict) and all(
            name in said and matches(value, said[name], kept) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(said, list) and _list_matches(wanted, said, kept)
    return bool(wanted == said) and isinstance(said, bool) == isinstance(wanted, bool)


def _list_matches(wanted: list[Any], said: list[Any], kept: dict[str, Any]) -> bool:
    if wanted and wanted[0] == ANYTHING:
        return all(any(_holds(item, each, kept) for each in said) for item in wanted[1:])
    goes_on = bool(wanted) and wanted[-1] == ANYTHING
    items = wanted[:-1] if goes_on else wanted
    if len(said) < len(items) or (len(said) > len(items) and not goes_on):
        return False
    return all(matches(item, each, kept) for item, each in zip(items, said, strict=False))


def _holds(wanted: Any, said: Any, kept: dict[str, Any]) -> bool:
    """As `matches`, and nothing is kept of what turns out to be another."""
    trial = dict(kept)
    if not matches(wanted, said, trial):
        return False
    kept.update(trial)
    return True


def _text_matches(wanted: str, said: Any, kept: dict[str, Any]) -> bool:
    whole = _NAME.fullmatch(wanted)
    if whole:
        return said is not None and bool(kept.setdefault(whole[1], said) == said)
    if not isinstance(said, str):
        least = _LEAST.fullmatch(wanted)
        return wanted == ANYTHING or (least is not None and isinstance(said, int) and said >= int(least[1]))
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(\{\{[^{}]+\}\}|…)", wanted):
        named = _NAME.fullmatch(part)
        if named and named[1] not in kept:
            names.append(named[1])
            pattern += "(.+?)"
        elif part == ANYTHING:
            pattern += ".*"
        else:
            pattern += re.escape(str(kept[named[1]]) if named else part)
    found = re.fullmatch(pattern, said, re.DOTALL)
    if found is None:
        return False
    kept.update(zip(names, found.groups(), strict=True))
    return True


@dataclass
class Walk:
    """One way through the document. `totp` tells what an authenticator shows, so many steps ahead."""

    house: str
    sandbox: str
    totp: Callable[[str, int], str]
    kept: dict[str, Any] = field(default_factory=dict)
    #: (method, address as the document has it), in order: what was shown.
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx2.Client(timeout=60, trust_env=False)
        self._open = ExitStack()
        self._socket: ClientConnection | None = None

    def close(self) -> None:
        self._hang_up()
        self._http.close()

    def run(self, steps: Sequence[Step]) -> int:
        """Do all of it; how many requests were made. Raises AssertionError with the line that is not so."""
        for first, *answers in steps:
            if first.kind == "socket":
                self._talk(first)
            else:
                assert len(answers) == 1, f"line {first.line}: not one answer"
                self._ask(first, answers[0])
        return len(self.asked)

    def _ask(self, step: Block, answer: Block) -> None:
        request = read_request(step.text)
        status, headers, wanted = read_answer(answer.text)
        if step.kind != "sandbox":
            self.asked.append((request.method, request.address))
        end, base = time.monotonic() + PATIENCE_S, self.sandbox if step.kind == "sandbox" else self.house
        while True:
            said = self._send(base, request)
            body = said.json() if wanted is not None and said.content else None
            trial = dict(self.kept)
            # An address may name what stands in no body.
            is_so = all(matches(value, said.headers.get(name), trial) for name, value in headers.items())
            if said.status_code == status and is_so and (wanted is None or matches(wanted, body, trial)):
                self.kept = trial
                return
            again = step.kind == "http until" or said.status_code == 429
            assert again and time.monotonic() < end, (
                f"line {answer.line}: {request.method} {self._filled(request.address)} was answered"
                f" {said.status_code}: {said.text[:3000]}"
            )
            time.sleep(0.3)

    def _send(self, base: str, request: Request) -> httpx2.Response:
        for ahead in (0, 1):
            fill = self._filler(ahead)
            headers = {name: fill(value) for name, value in request.headers.items()}
            content = fill(request.body).encode()
            if content:
                headers.setdefault("Content-Type", "application/json")
            address = fill(request.address)
            url = address if address.startswith("http") else base + address
            answer = self._http.request(request.method, url, headers=headers, content=content)
            # Somebody of that name used this half-minute's number already: the next one is shown soon.
            if "second_factor_used" not in answer.text:
                break
        return answer

    def _talk(self, step: Block) -> None:
        lines = step.text.strip().splitlines()
        if lines[0].startswith("GET "):
            self._hang_up()
            head = [line for line in lines if not line.startswith(("> ", "< "))]
            request = read_request("\n".join(head))
            headers = {name: self._filled(value) for name, value in request.headers.items()}
            address = self.house.replace("http", "ws", 1) + self._filled(request.address)
            self.asked.append(("GET", request.address))
            opening = connect(address, additional_headers=headers, proxy=None)
            self._socket = self._open.enter_context(opening)
        assert self._socket is not None, f"line {step.line}: no socket is open"
        for number, line in enumerate(lines):
            if line.startswith("> "):
                self._socket.send(self._filled(line[2:]))
            elif line.startswith("< "):
                self._await(json.loads(line[2:]), step.line + number)

    def _await(self, wanted: Any, line: int) -> None:
        assert self._socket is not None
        came: list[str] = []
        while True:
            try:
                text = str(self._socket.recv(timeout=20))
            except TimeoutError:
                raise AssertionError(f"line {line}: it never came; instead {came}") from None
            trial = dict(self.kept)
            if matches(wanted, json.loads(text), trial):
                self.kept = trial
                return
            came.append(text[:300])

    def _hang_up(self) -> None:
        self._open.close()
        self._socket = None

    def _filled(self, text: str) -> str:
        return self._filler(0)(text)

    def _filler(self, ahead: int) -> Callable[[str], str]:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            kind, _, rest = name.partition(":")
            if kind == "totp" and rest:
                return self.totp(rest, ahead)
            if kind == "id" and rest:
                return str(self.kept.setdefault(name, str(uuid4())))
            assert name in self.kept, f"nothing is kept as {name}"
            return str(self.kept[name])

        return lambda text: _NAME.sub(value, text)


def walk(document: Path, house: str, sandbox: str, totp: Callable[[str, int], str]) -> Walk:
    taken = Walk(house, sandbox, totp)
    try:
        taken.run(steps_of(document.read_text(encoding="utf-8")))
    finally:
        taken.close()
    return taken
