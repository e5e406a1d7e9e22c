"""`python -m tests.crash`: kill the house at every point, again and again, and print how often it died where.

Ends with 0 when every point was hit as often as asked and the books agree. What a failed run prints
last is the history of the town that failed; its seed draws the same people and weather again, though
not the same timing.
"""

import argparse
import asyncio
import math
import random
import shutil
import sys
import time
import traceback
from contextlib import AsyncExitStack
from pathlib import Path

from tests.crash import books
from tests.crash.nest import Nest
from tests.crash.plan import Plan, all_names
from tests.crash.rehearsal import Rehearsal, together
from tests.crash.town import Town, open_town
from tests.support.cluster import Cluster, attach, close_session, open_session
from tests.support.places import short_home
from tests.support.sandbox import Sandbox
from tests.support.schema import fingerprint, make_schema


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these points")
    parser.add_argument("--times", type=int, default=3, help="how often each point is hit at least")
    parser.add_argument("--kills", type=int, default=100, help="how many kills there are at least")
    parser.add_argument(
        "--towns", type=int, default=3, help="houses side by side, each with a world of its own"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    return parser.parse_args()


async def _rehearse(home: Path, cluster: Cluster, nest: Nest, wanted: argparse.Namespace) -> Plan:
    names = wanted.names or all_names()
    plan = Plan(names, times=max(wanted.times, math.ceil(wanted.kills / len(names))), seed=wanted.seed)
    async with AsyncExitStack() as stack:
        towns = [
            await _town(stack, _home(home, number), cluster, nest, seed=wanted.seed + number)
            for number in range(wanted.towns)
        ]
        await together([Rehearsal(town, plan, say=_Line(number)) for number, town in enumerate(towns)])
        for town in towns:
            print(await books.figures(town))
    return plan


async def _town(stack: AsyncExitStack, home: Path, cluster: Cluster, nest: Nest, *, seed: int) -> Town:
    sandbox = Sandbox(home / "sandbox").start()
    stack.callback(sandbox.stop)
    database = cluster.clone()
    stack.callback(cluster.drop, database)
    town = await open_town(home, database, sandbox, nest, seed=seed)
    stack.push_async_callback(town.close)
    return town


class _Line:
    def __init__(self, number: int) -> None:
        self._number = number
        self._begun = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"{time.monotonic() - self._begun:6.1f} s  town {self._number}: {line}", flush=True)


def _home(home: Path, number: int) -> Path:
    return home / f"town-{number}"


def main() -> int:
    wanted = _wanted()
    print(f"seed {wanted.seed}", flush=True)
    begun = time.monotonic()
    open_session()
    try:
        cluster = attach()
        cluster.template(make_schema, fingerprint())
        with short_home() as home:
            for number in range(wanted.towns):
                _home(home, number).mkdir()
            try:
                with Nest() as nest:
                    plan = asyncio.run(_rehearse(home, cluster, nest, wanted))
            except BaseException:
                kept = Path("build/crash").absolute()
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(home, kept, ignore=shutil.ignore_patterns("*.sock"))
                print(f"the houses' logs are kept in {kept}", file=sys.stderr)
                raise
    except (Exception, asyncio.CancelledError):  # the edge: said in full, and the exit code says it again
        traceback.print_exc()
        return 1
    finally:
        close_session()
    print(plan.histogram())
    print(f"{sum(plan.hits.values())} kills at {len(plan.hits)} points in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
