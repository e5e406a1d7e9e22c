"""What must not meet in one person: pairs and stacks of the book, over all active sheets."""

from collections.abc import Iterator

from prescriptions.formulary.book import Book
from prescriptions.formulary.entries import Action, Interaction, MultiRule
from prescriptions.safety.facts import Finding, Needs, SafetyCode, Severity
from prescriptions.safety.lines import Desk, Line, found

SEVERITY = {
    Action.WARN: Severity.WARN,
    Action.RESIGN: Severity.RESIGN,
    Action.BLOCK: Severity.BLOCK,
}
NEEDS = {Action.WARN: Needs.NOTHING, Action.RESIGN: Needs.RESIGN, Action.BLOCK: Needs.REMOVE}
PAIR = {
    Action.WARN: SafetyCode.DDI_WARN,
    Action.RESIGN: SafetyCode.DDI_RESIGN,
    Action.BLOCK: SafetyCode.DDI_BLOCK,
}
MULTI = {
    Action.WARN: SafetyCode.TRIPLE_WARN,
    Action.RESIGN: SafetyCode.TRIPLE_RESIGN,
    Action.BLOCK: SafetyCode.TRIPLE_BLOCK,
}

#: Chinese-medicine classes and herb flags speak of one and the same nature of a product.
HERBAL = ("class:tcm_", "herb:", "herbflag:")

#: One thing a medicine does, as the tokens that can be said of it.
Agent = frozenset[str]


def interactions(desk: Desk) -> Iterator[Finding]:
    for line, other in desk.pairs:
        for pair in pairs_of(desk.book, line, other):
            yield found(
                PAIR[pair.action], SEVERITY[pair.action], line, other,
                why="pair", source=pair.code, needs=NEEDS[pair.action],
            )  # fmt: skip
    for rule in desk.book.multi_rules:
        yield from _multi(desk, rule)


def pairs_of(book: Book, line: Line, other: Line) -> list[Interaction]:
    """Rules whose one side stands in one line and whose other side in the other."""
    rules = {
        pair.code: pair
        for token in line.tokens
        for pair in book.interactions.get(token, ())
        if (pair.a in line.tokens and pair.b in other.tokens)
        or (pair.b in line.tokens and pair.a in other.tokens)
    }
    return list(rules.values())


def _multi(desk: Desk, rule: MultiRule) -> Iterator[Finding]:
    lines = (*desk.lines, *desk.active)
    bearers = [line for line in lines if any(line.tokens.intersection(each) for each in rule.criteria)]
    if all(line.position is None for line in bearers) or not _is_met(rule, bearers):
        return
    yield found(
        MULTI[rule.action], SEVERITY[rule.action], *bearers,
        why="multi", source=rule.code, needs=NEEDS[rule.action],
    )  # fmt: skip


def _is_met(rule: MultiRule, lines: list[Line]) -> bool:
    if not rule.is_stack:
        # All of it, also when one combined pill brings two of the parts.
        met = sum(any(line.tokens.intersection(each) for line in lines) for each in rule.criteria)
        return met >= rule.at_least
    agents = [agent for line in lines for agent in _agents(line)]
    return _most_met(rule.criteria, agents) >= rule.at_least


def _agents(line: Line) -> list[Agent]:
    """A blood-activating pill is one step of a stack, though its class and its herbs are both named."""
    herbal = frozenset(token for token in line.tokens if token.startswith(HERBAL))
    other = line.tokens - herbal
    classes = [token for token in other if token.startswith("class:")]
    beside = frozenset(token for token in other if not token.startswith("class:"))
    agents = [beside | {name} for name in classes] or [beside]
    return [*agents, herbal] if herbal else agents


def _most_met(criteria: tuple[tuple[str, ...], ...], agents: list[Agent]) -> int:
    """The most criteria that can be met when each agent meets one (augmenting paths)."""
    taken: dict[int, int] = {}

    def meet(criterion: int, tried: set[int]) -> bool:
        for place, agent in enumerate(agents):
            if place not in tried and not agent.isdisjoint(criteria[criterion]):
                tried.add(place)
                if place not in taken or meet(taken[place], tried):
                    taken[place] = criterion
                    return True
        return False

    return sum(meet(criterion, set()) for criterion in range(len(criteria)))
