"""A state machine is a table: (state, event) → state. Nothing else may change a state."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from telehealth.core.errors import TransitionRefused

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Machine(Generic[S, E]):
    def __init__(self, name: str, initial: S, table: Mapping[tuple[S, E], S]) -> None:
        self.name = name
        self.initial = initial
        self.table = dict(table)

    def after(self, state: S, event: E) -> S:
        """Raises TransitionRefused when the table has no row for this pair."""
        try:
            return self.table[state, event]
        except KeyError:
            raise TransitionRefused(machine=self.name, state=str(state), event=str(event)) from None

    def allows(self, state: S, event: E) -> bool:
        return (state, event) in self.table

    @property
    def reachable(self) -> frozenset[S]:
        seen = {self.initial}
        frontier = [self.initial]
        while frontier:
            here = frontier.pop()
            for (source, _), target in self.table.items():
                if source == here and target not in seen:
                    seen.add(target)
                    frontier.append(target)
        return frozenset(seen)

    @property
    def terminal(self) -> frozenset[S]:
        """Reachable states that no event leaves."""
        return self.reachable - {source for source, _ in self.table}
