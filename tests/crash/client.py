"""An app on a bad line: what got no answer is sent again, with the same Idempotency-Key."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from tests.crash.house import House

#: A person gives up after this.
PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    said: Any

    @property
    def code(self) -> str:
        return str(self.said.get("code", "")) if isinstance(self.said, dict) else ""


@dataclass
class Client:
    house: House
    dropped: int = 0
    #: Answers that are nobody's business to see: 500.
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx2.AsyncClient(base_url=f"{self.house.url}/api/v1", timeout=15, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, token: str, path: str) -> Answer:
        return await self._ask("GET", token, path)

    async def post(self, token: str, path: str, body: Any = None, *, once: bool = False) -> Answer:
        """`once`: the route takes an Idempotency-Key."""
        return await self._ask("POST", token, path, body, key=str(uuid4()) if once else "")

    async def nudge(self, token: str, path: str) -> None:
        """Whatever is answered, or nothing."""
        with suppress(httpx2.TransportError):
            await self._http.post(path, headers={"authorization": f"Bearer {token}"})

    async def put(self, token: str, path: str, body: Any) -> Answer:
        return await self._ask("PUT", token, path, body)

    async def delete(self, token: str, path: str) -> Answer:
        return await self._ask("DELETE", token, path)

    async def _ask(self, method: str, token: str, path: str, body: Any = None, *, key: str = "") -> Answer:
        headers = {"authorization": f"Bearer {token}"} | ({"idempotency-key": key} if key else {})
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            await asyncio.wait_for(self.house.is_open.wait(), PATIENCE_S)
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                self.dropped += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 500:
                self.broken.append(f"{method} {path}: {answer.text[:300]}")
            if answer.status_code < 500 and answer.status_code != 429:
                return Answer(answer.status_code, answer.json() if answer.content else None)
            await asyncio.sleep(min(float(answer.headers.get("retry-after", 0.5)), 2.0))
        raise AssertionError(f"{method} {path} had no answer within {PATIENCE_S} s")
