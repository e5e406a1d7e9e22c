"""The house dies at twenty points, and not a fen is lost, doubled or forgotten (docs/money.md §7)."""

import random
from pathlib import Path

import pytest

from telehealth.core.provisioning import Addresses
from tests.crash import books
from tests.crash.nest import Nest
from tests.crash.plan import TWENTY, Plan
from tests.crash.rehearsal import Rehearsal
from tests.crash.town import open_town
from tests.support.sandbox import Sandbox


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "town"
    place.mkdir()
    return place


async def test_XY12_whatever_is_killed_money_comes_home(
    database: Addresses, own_sandbox: Sandbox, home: Path
) -> None:
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    with Nest() as nest:
        town = await open_town(home, database, own_sandbox, nest, seed=seed)
        try:
            plan = Plan(TWENTY, times=1, seed=seed)
            await Rehearsal(town, plan).run()
            print(plan.histogram(), await books.figures(town), sep="\n")
            assert sum(plan.hits.values()) == len(TWENTY)
        finally:
            await town.close()
