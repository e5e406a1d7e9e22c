"""A file that hurts its child process hurts nobody else."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable

import anyio
import psutil
import pytest

from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import UploadUnreadable
from tests.support import uploads

pytestmark = pytest.mark.anyio


def children() -> list[psutil.Process]:
    """The quarantine's processes below this test."""
    return [child for child in psutil.Process().children() if "quarantine" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def until(happened: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not happened():
            await anyio.lowlevel.checkpoint()


async def test_a_child_is_kept_for_the_next_file_and_ends_with_the_pool() -> None:
    async with Quarantine(workers=1) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        (first,) = children()
        await quarantine.run("photo", uploads.photo())
        assert children() == [first]

    assert children() == []


async def test_no_more_files_are_open_than_there_are_workers() -> None:
    async with Quarantine(workers=2) as quarantine:
        async with anyio.create_task_group() as callers:
            for _ in range(8):
                callers.start_soon(quarantine.run, "pdf", uploads.pdf())
        assert len(children()) == 2


async def test_a_hanging_child_is_killed_and_replaced() -> None:
    # Long enough for a child to start on a busy machine.
    async with Quarantine(workers=1, timeout_s=6) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        (hung,) = children()
        os.kill(hung.pid, signal.SIGSTOP)

        with pytest.raises(UploadUnreadable) as refused:
            await quarantine.run("pdf", uploads.pdf())
        assert refused.value.facts["reason"] == "timeout"
        assert not hung.is_running()

        assert (await quarantine.run("pdf", uploads.pdf())).facts == {"pages": 1}


async def test_a_child_that_died_resting_is_replaced_unnoticed() -> None:
    async with Quarantine(workers=1) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        os.kill(children()[0].pid, signal.SIGKILL)

        assert (await quarantine.run("pdf", uploads.pdf())).facts == {"pages": 1}


async def test_a_file_that_kills_its_child_is_refused_and_the_next_one_is_read() -> None:
    async def kill_the_child() -> None:
        await until(lambda: len(children()) == 1)
        os.kill(children()[0].pid, signal.SIGKILL)

    async with Quarantine(workers=1) as quarantine:
        async with anyio.create_task_group() as both:
            both.start_soon(kill_the_child)
            with pytest.raises(UploadUnreadable) as refused:
                await quarantine.run("photo", uploads.photo("PNG", 3000, 2000))
        assert refused.value.facts["reason"] == "crashed"

        assert (await quarantine.run("pdf", uploads.pdf())).facts == {"pages": 1}


async def test_a_caller_who_leaves_takes_the_half_read_child_along() -> None:
    async with Quarantine(workers=1) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        (used,) = children()
        slow = uploads.photo("PNG", 3000, 2000)
        with anyio.move_on_after(0.05):
            await quarantine.run("photo", slow)

        assert not used.is_running()
        assert (await quarantine.run("pdf", uploads.pdf())).facts == {"pages": 1}


async def test_an_idle_child_leaves_and_a_new_one_comes() -> None:
    async with Quarantine(workers=1, idle_s=0.1) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        await until(lambda: children() == [])

        assert (await quarantine.run("pdf", uploads.pdf())).facts == {"pages": 1}


async def test_a_child_knows_no_secret_and_may_write_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEHEALTH_DATABASE_URL", "postgresql://secret")
    async with Quarantine(workers=1) as quarantine:
        await quarantine.run("pdf", uploads.pdf())
        (child,) = children()

        assert not any(name.startswith("TELEHEALTH") for name in child.environ())
        assert child.rlimit(resource.RLIMIT_FSIZE) == (0, 0)
        assert child.rlimit(resource.RLIMIT_CORE) == (0, 0)
        assert child.rlimit(resource.RLIMIT_AS)[1] < 2 * 1024**3


def test_children_do_not_outlive_a_parent_that_was_killed() -> None:
    program = (
        "import anyio, psutil\n"
        "from telehealth.core.quarantine.pool import Quarantine\n"
        "from tests.support import uploads\n"
        "async def main():\n"
        "    async with Quarantine(workers=1) as quarantine:\n"
        "        await quarantine.run('pdf', uploads.pdf())\n"
        "        print(psutil.Process().children()[0].pid, flush=True)\n"
        "        await anyio.sleep_forever()\n"
        "anyio.run(main)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.kill()

    anyio.run(until, lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
