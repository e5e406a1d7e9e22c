"""What one test leaves behind, the next never meets."""

import psycopg
import pytest

from telehealth.core.provisioning import Addresses, libpq_url
from tests.support import lending
from tests.support.cluster import attach
from tests.support.lending import Lender


def make_tables(owner_url: str) -> None:
    with psycopg.connect(libpq_url(owner_url), autocommit=True) as owner:
        owner.execute("create table kinds (name text primary key)")
        owner.execute("insert into kinds values ('seat')")
        owner.execute(
            "create table seats (id bigint generated always as identity primary key,"
            " kind text references kinds not null)"
        )
        owner.execute(
            "create function refuse() returns trigger language plpgsql"
            " as $$ begin raise 'nothing is removed here'; end $$"
        )
        owner.execute("create trigger kept before delete on seats execute function refuse()")


@pytest.fixture
def lender() -> Lender:
    cluster = attach()
    return Lender(cluster, cluster.template(make_tables, "lent seats"))


def say(database: Addresses, *statements: str) -> None:
    with psycopg.connect(libpq_url(database.owner_url), autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)


def held(database: Addresses) -> list[tuple[object, ...]]:
    with psycopg.connect(libpq_url(database.owner_url)) as owner:
        seats = "insert into seats (kind) values ('seat') returning id, (select count(*) from seats)"
        return [*owner.execute(seats).fetchall(), *owner.execute("select name from kinds").fetchall()]


def test_a_database_is_lent_again_as_the_template_is(lender: Lender) -> None:
    first = lender.lend()
    say(first.addresses, "insert into seats (kind) values ('seat'), ('seat'), ('seat')")
    lender.take_back(first)
    again = lender.lend()
    assert again.addresses == first.addresses
    assert held(again.addresses) == [(1, 0), ("seat",)]
    lender.take_back(again)
    lender.close()


def test_two_at_once_have_one_each(lender: Lender) -> None:
    first, second = lender.lend(), lender.lend()
    assert first.addresses != second.addresses
    for lent in (first, second):
        lender.take_back(lent)
    lender.close()


@pytest.mark.parametrize(
    "statement",
    [
        "alter table seats add column note text",
        "drop trigger kept on seats",
        "alter table seats force row level security",
        "grant truncate on seats to public",
        "insert into kinds values ('bed')",
        "delete from kinds",
    ],
)
def test_a_database_that_was_changed_is_not_lent_again(lender: Lender, statement: str) -> None:
    first = lender.lend()
    say(first.addresses, statement)
    lender.take_back(first)
    after = lender.lend()
    assert after.addresses != first.addresses
    assert held(after.addresses) == [(1, 0), ("seat",)]
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        held(first.addresses)
    lender.take_back(after)
    lender.close()


def test_a_database_somebody_is_still_in_is_not_lent_again(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "_LEAVES_WITHIN_S", 0.0)
    first = lender.lend()
    with psycopg.connect(libpq_url(first.addresses.app_url)) as left:
        lender.take_back(first)
        assert lender.lend().addresses != first.addresses
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
