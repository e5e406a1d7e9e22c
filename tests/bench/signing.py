"""`sign_and_verify`: what a prescription costs the CPU, from its content to a sheet known to be genuine."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from prescriptions.ports import SheetField
from prescriptions.sheet import signing, verifying
from prescriptions.sheet.authority import LocalAuthority
from prescriptions.sheet.content import SheetContent, digest
from telehealth.core.clock import FixedClock
from tests.bench.figures import Figure, Figures
from tests.support.factories import sheets

SHEETS = 30
GOAL_MS = 120


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds of one sheet, all threads of the process together."""

    draw: float
    doctor: float
    pharmacist: float
    verify: float

    @property
    def whole(self) -> float:
        return self.draw + self.doctor + self.pharmacist + self.verify


def measure() -> Figures:
    with tempfile.TemporaryDirectory() as home:
        costs, size = asyncio.run(_measure(Path(home)))
    parts = {part: _median(costs, part) for part in ("draw", "doctor", "pharmacist", "verify")}
    yield Figure(
        "sign_and_verify",
        round(statistics.median(cost.whole for cost in costs), 1),
        "ms CPU",
        f"<= {GOAL_MS}",
        {"median_of": len(costs), **parts, "signed_bytes": size, "time_stamps": "in process, RSA 2048"},
    )


async def _measure(home: Path) -> tuple[list[Cost], int]:
    clock = FixedClock(sheets.ISSUED_AT)
    authority = LocalAuthority(home, clock)
    lines = [sheets.line(f"样例药品{n}", note="避光，密封保存。") for n in range(5)]
    contents = [
        sheets.western(*lines, number=f"RX-261121-{n:06d}")
        if n % 2
        else sheets.decoction(16, number=f"RX-{n}")
        for n in range(SHEETS + 2)
    ]
    costs = []
    size = 0
    for content in contents:
        cost, size = await _one(authority, clock, content)
        costs.append(cost)
    # The first two load the fonts and make the keys.
    return costs[2:], size


async def _one(authority: LocalAuthority, clock: FixedClock, content: SheetContent) -> tuple[Cost, int]:
    marks = [time.process_time()]
    pdf = await signing.blank_sheet(content)
    marks.append(time.process_time())
    for field, who in ((SheetField.DOCTOR, sheets.DOCTOR), (SheetField.PHARMACIST, sheets.PHARMACIST)):
        pdf = await authority.sign(
            pdf, field=field, credential=who, reason=signing.reason_for(field, content), at=clock.business()
        )
        clock.advance(timedelta(seconds=1))
        marks.append(time.process_time())
    judged = await verifying.verify(
        pdf,
        trust=verifying.Trust(roots=authority.roots(), revocations=authority.revocations(clock.business())),
        at=clock.business(),
        expected_digest=digest(content),
    )
    marks.append(time.process_time())
    if not judged.genuine:
        raise RuntimeError(f"a sheet of ours is not genuine: {judged.findings}")
    return Cost(*((after - before) * 1000 for before, after in pairwise(marks))), len(pdf)


def _median(costs: list[Cost], part: str) -> float:
    return round(statistics.median(getattr(cost, part) for cost in costs), 1)
