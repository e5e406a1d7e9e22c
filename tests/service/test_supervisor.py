"""The supervisor of the demo house, run as a person runs it: a process that gets signals."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.processes import log_tail, look_up, open_log
from telehealth.core.supervisor import Supervisor
from tests.support.places import short_home
from tests.support.programs import Program, python
from tests.support.waiting import eventually

CHILD = """
import os, pathlib, signal, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def leave(*_):
    with (folder / "stopped").open("a") as record:
        print(name, file=record)
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else leave)
(folder / f"{name}.new").write_text(str(os.getpid()))
(folder / f"{name}.new").rename(folder / f"{name}.pid")
while True:
    signal.pause()
"""

HOUSE = """
import sys
from pathlib import Path
from telehealth.core.supervisor import Child, Supervisor
folder, code, *names = sys.argv[1:]
folder = Path(folder)
def child(name):
    return Child(name, [sys.executable, "-c", code, name, str(folder)], log_dir=folder / "log",
                 ready=(folder / f"{name}.pid").exists, grace_s=60)
def say(line):
    print(line, flush=True)
sys.exit(Supervisor(*map(child, names), on_started=lambda: say("all are up"), say=say).run())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_home() as home:
        yield home


def pid_of(folder: Path, name: str) -> int:
    return int((folder / f"{name}.pid").read_text())


def is_gone(pid: int) -> bool:
    seen = look_up(pid)
    return seen is None or seen.is_zombie


def wait_for(house: Program, words: str) -> str:
    return next(line for line in house.lines if words in line)


def test_the_last_started_stops_first_and_the_exit_is_clean(folder: Path) -> None:
    with python(HOUSE, folder, CHILD, "one", "two", "three") as house:
        wait_for(house, "all are up")
        house.process.terminate()
        assert house.process.wait(20) == 0
    assert (folder / "stopped").read_text().split() == ["three", "two", "one"]


def test_a_child_that_died_is_started_again(folder: Path) -> None:
    with python(HOUSE, folder, CHILD, "one", "two") as house:
        wait_for(house, "all are up")
        first, other = pid_of(folder, "two"), pid_of(folder, "one")
        os.kill(first, signal.SIGKILL)
        wait_for(house, "two was ended by SIGKILL; starting it again")
        eventually(lambda: pid_of(folder, "two") != first)
        assert pid_of(folder, "one") == other
        house.process.send_signal(signal.SIGINT)
        assert house.process.wait(20) == 0


def test_children_end_when_the_supervisor_is_killed_with_9(folder: Path) -> None:
    with python(HOUSE, folder, CHILD, "one", "two") as house:
        wait_for(house, "all are up")
        house.process.kill()
        eventually(lambda: is_gone(pid_of(folder, "one")) and is_gone(pid_of(folder, "two")))


def test_a_second_ctrl_c_leaves_no_more_time(folder: Path) -> None:
    with python(HOUSE, folder, CHILD, "one", "stubborn") as house:
        wait_for(house, "all are up")
        house.process.send_signal(signal.SIGINT)
        wait_for(house, "press Ctrl-C again")
        house.process.send_signal(signal.SIGINT)
        assert house.process.wait(20) == 0  # grace would be 60 s
    assert is_gone(pid_of(folder, "stubborn"))
    assert is_gone(pid_of(folder, "one"))


CRASHING = """
import sys
from pathlib import Path
from telehealth.core.supervisor import Child, Supervisor
child = Child("web", [sys.executable, "-c", "raise SystemExit('port 8000 is taken')"],
              log_dir=Path(sys.argv[1]), ready=lambda: False)
sys.exit(Supervisor(child, max_restarts=2, say=lambda line: print(line, flush=True)).run())
"""


def test_a_child_that_does_not_stay_up_ends_the_house_and_its_last_words_are_shown(folder: Path) -> None:
    with python(CRASHING, folder) as house:
        said = list(house.lines)
        assert house.process.wait(20) == 1
    assert [line for line in said if "starting it again" in line] == [
        "web ended with 1; starting it again in 0.2 s (1 of 2)",
        "web ended with 1; starting it again in 1 s (2 of 2)",
    ]
    assert "port 8000 is taken" in said
    assert said[-1] == "stopped"


LEAVES_A_WORKER = """
import os, pathlib, signal, subprocess, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
(folder / "worker").write_text(str(worker.pid))
(folder / f"{name}.pid").write_text(str(os.getpid()))
signal.pause()
"""


def test_what_a_dead_child_leaves_behind_is_ended(folder: Path) -> None:
    with python(HOUSE, folder, LEAVES_A_WORKER, "pool") as house:
        wait_for(house, "all are up")
        worker = int((folder / "worker").read_text())
        assert not is_gone(worker)
        os.kill(pid_of(folder, "pool"), signal.SIGKILL)
        eventually(lambda: is_gone(worker))


DATABASE_HOUSE = """
import sys
from pathlib import Path
from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.supervisor import Child, Step, Supervisor
home = Path(sys.argv[1])
server = EmbeddedPostgres(home)
def say(line):
    print(line, flush=True)
roles = Step("roles", lambda: say("step: the server runs" if server.poll() is None else "step: too early"))
shows = [sys.executable, "-c", "import os, time; print(os.environ['DSN'], flush=True); time.sleep(600)"]
web = Child("web", shows, log_dir=home / "log", env=lambda: {"DSN": server.superuser_dsn()})
sys.exit(Supervisor(server, roles, web, on_started=lambda: say(f"up {server.pid}"), say=say).run())
"""


def test_postgres_is_a_child_like_others_and_steps_come_in_their_turn(folder: Path) -> None:
    with python(DATABASE_HOUSE, folder) as house:
        assert wait_for(house, "step") == "step: the server runs"
        pid = int(wait_for(house, "up ").split()[1])
        eventually(lambda: "postgresql://" in log_tail(folder / "log" / "web.log"))
        dsn = log_tail(folder / "log" / "web.log").splitlines()[-1]
        os.kill(pid, signal.SIGKILL)
        wait_for(house, "postgres was ended by SIGKILL")
        eventually(lambda: answers(dsn))
        house.process.terminate()
        assert house.process.wait(20) == 0
    assert not (folder / "data" / "postmaster.pid").exists()


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_second_house_says_who_has_the_home(folder: Path) -> None:
    with python(DATABASE_HOUSE, folder) as first:
        wait_for(first, "up ")
        with python(DATABASE_HOUSE, folder) as second:
            assert f"in use by process {first.process.pid}" in next(second.lines)
            assert second.process.wait(20) == 1
        assert first.process.poll() is None


def test_only_the_main_thread_may_supervise(folder: Path) -> None:
    """The kernel ends a child with the thread that started it."""
    refusals: list[BaseException] = []

    def attempt() -> None:
        for start in (Supervisor().run, EmbeddedPostgres(folder).start):
            try:
                start()
            except RuntimeError as refusal:
                refusals.append(refusal)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert [("main thread" in str(refusal)) for refusal in refusals] == [True, True]


def test_a_long_log_moves_aside_and_three_are_kept(folder: Path) -> None:
    log = folder / "log" / "web.log"
    for round_number in range(6):
        os.close(open_log(log, rotate_bytes=10))
        log.write_text(f"round {round_number} of many")
    assert sorted(path.name for path in log.parent.iterdir()) == [
        "web.log", "web.log.1", "web.log.2", "web.log.3",
    ]  # fmt: skip
    assert (log.parent / "web.log.3").read_text() == "round 2 of many"
