"""Every step that moves money has a name, and the rehearsal of crashes knows the way to each."""

from tests.crash.plan import ROADS, TWENTY, all_names, base_of
from tests.crash.rehearsal import ERRANDS


def test_a_road_leads_to_every_point_of_the_program() -> None:
    assert len(all_names()) > 20


def test_every_road_leads_somewhere() -> None:
    names = set(all_names())
    assert {base_of(name) for name in names} <= set(ROADS)
    assert set(ROADS) <= {base_of(name) for name in names} | names


def test_every_outside_call_may_be_killed_on_both_sides() -> None:
    sides = {name.rpartition(".")[2] for name in all_names()}
    assert sides == {"before_call", "after_call", "before_commit", "after_commit"}
    names = set(all_names())
    other = {"before_call": "after_call", "after_call": "before_call"}
    sided = [name for name in names if name.endswith("_call")]
    alone = [name for name in sided if f"{base_of(name)}.{other[name.rpartition('.')[2]]}" not in names]
    assert alone == []


def test_the_everyday_twenty_are_twenty_that_exist() -> None:
    assert len(set(TWENTY)) == 20
    assert set(TWENTY) <= set(all_names())


def test_roads_are_walked_by_errands_there_are() -> None:
    walked = {errand for road in ROADS.values() if not road.verb for errand in road.errands}
    assert walked <= set(ERRANDS)
