"""`telehealth …`: how to run the house. Each command imports only what it needs."""

import asyncio
import gc
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click


@click.group()
def main() -> None:
    """互联网医院平台 / an internet hospital."""


@main.command()
@click.option(
    "--lan", is_flag=True, help="let phones of this network in, by TLS with a certificate of our own"
)
def demo(lan: bool) -> None:
    """The whole house on this machine, with sample hospitals and sandboxes."""
    sys.exit(importlib.import_module("telehealth.demo.running").run(lan=lan))


@main.command()
def web() -> None:
    """Serve pages and API, with a worker inside unless TELEHEALTH_WORKER_IN_WEB is off."""
    _house().serve()


@main.command()
def worker() -> None:
    """Jobs, deadlines and housekeeping, without pages."""
    _house().run_worker()


@main.command()
@click.option("--after", metavar="URL", help="wait until this address answers")
def recorder(after: str | None) -> None:
    """Keep the media of recorded calls; as many as are needed, each with a spool folder of its own."""
    if after is not None:
        # Before the house is imported: whoever comes first to a page should not wait for us.
        answers = importlib.import_module("telehealth.demo.running").answers
        while not answers(after):
            time.sleep(0.3)
    _house().run_recorder()


@main.command()
def migrate() -> None:
    """Bring the database to this release's schema, as its owner."""
    _house().migrate()


@main.command("check-relay")
def check_relay() -> None:
    """Make a real allocation at each url of TELEHEALTH_TURN; fails unless all are granted."""
    settings = importlib.import_module("telehealth.core.settings").Settings()
    wall = importlib.import_module("telehealth.core.clock").SystemClock().wall()
    found = asyncio.run(importlib.import_module("signaling.turn").check(settings, wall))
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    sys.exit(found["status"] != "ok")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """The outside parties' sandboxes alone; prints addresses and credentials as one JSON object."""
    home = Path(os.environ.get("TELEHEALTH_HOME", ".")) / "sandbox"
    given = list(arguments) if "--home" in arguments else ["--home", str(home), *arguments]
    sys.exit(subprocess.run([sys.executable, "-m", "telehealth.sandbox", *given], check=False).returncode)  # noqa: S603


@main.group()
def rehearse() -> None:
    """Run a policy or a formulary against a file of cases, one JSON object a line."""


@rehearse.command("eligibility")
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="a policy sheet instead of the sample")
@click.option("--hospital", help="the published policy of this hospital (its code) instead of the sample")
def rehearse_eligibility(cases: Path, policy: Path | None, hospital: str | None) -> None:
    """What the follow-up gate says to each case of a file."""
    if hospital is not None:
        sys.exit(_house().rehearse_eligibility(cases, hospital))
    rehearsing = importlib.import_module("telehealth.eligibility.rehearsing")
    sys.exit(rehearsing.command(cases, policy))


@rehearse.command("safety")
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--hospital", help="the published drug book of this hospital (its code) instead of the sample")
def rehearse_safety(cases: Path, hospital: str | None) -> None:
    """What the safety checks say to each sheet of a file."""
    if hospital is not None:
        sys.exit(_house().rehearse_safety(cases, hospital))
    # By name, as the room's relay above: prescriptions stand on top of this package, not beneath it.
    sys.exit(importlib.import_module("prescriptions.safety.rehearsing").command(cases))


def _house() -> Any:
    """The composition root, imported only by the commands that run the house."""
    # What is imported stays: looking for garbage in it meanwhile took a fifth of the start.
    gc.disable()
    house = importlib.import_module("app")
    gc.freeze()
    gc.enable()
    return house


if __name__ == "__main__":
    main()
