"""The server the tests themselves stand on."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from telehealth.core.processes import look_up
from telehealth.core.provisioning import Addresses, libpq_url
from tests.support.cluster import EXTERNAL, SESSION, attach
from tests.support.programs import Program, python
from tests.support.waiting import eventually


def make_a_table(owner_url: str) -> None:
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as owner:
        owner.execute("create table seats (n int)")
        owner.execute("insert into seats values (1)")


def count(database: Addresses) -> object:
    with psycopg.connect(libpq_url(database.app_url)) as app:
        found = app.execute("select count(*) from seats").fetchone()
        return found and found[0]


def test_clones_are_alike_and_apart() -> None:
    cluster = attach()
    template = cluster.template(make_a_table, "seats 1")
    first, second = cluster.clone(template), cluster.clone(template)
    try:
        with psycopg.connect(libpq_url(first.app_url), autocommit=True) as app:
            app.execute("insert into seats values (2)")
        assert (count(first), count(second)) == (2, 1)
    finally:
        cluster.drop(first)
        cluster.drop(second)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        count(first)


def test_a_template_is_made_once_and_a_half_made_one_again() -> None:
    cluster = attach()
    made: list[str] = []

    def stumble(owner_url: str) -> None:
        make_a_table(owner_url)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        cluster.template(stumble, "seats 2")

    def note(owner_url: str) -> None:
        make_a_table(owner_url)
        made.append(owner_url)

    for _ in range(2):
        attach().template(note, "seats 2")
    assert len(made) == 1


RUN = """
import signal
from tests.support.cluster import attach, open_session
open_session()
print(attach().superuser_url(), flush=True)
signal.pause()
"""


@pytest.fixture
def other_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.delenv(EXTERNAL, raising=False)
    with python(RUN) as run:
        yield run


def test_a_killed_run_leaves_nothing(other_run: Program) -> None:
    url = next(other_run.lines)
    folder = Path(str(conninfo_to_dict(url)["host"])).parents[1]
    server = int((folder / "pg" / "data" / "postmaster.pid").read_text().split()[0])
    other_run.process.kill()
    eventually(lambda: not folder.exists())
    assert (seen := look_up(server)) is None or seen.is_zombie


def test_a_given_server_takes_the_place_of_ours(other_run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    url = next(other_run.lines)
    monkeypatch.setenv(EXTERNAL, url)
    given = attach()
    assert given.superuser_url() == url
    template = given.template(make_a_table, "seats 3")
    copy = given.clone(template)
    assert count(copy) == 1
    given.drop_all(os.environ[SESSION])
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        count(copy)
    assert count(given.clone(template)) == 1
