"""Hot paths over the mapped classes: statements compiled once, run on the unit's own driver.

A query through an ORM session costs five times the CPU, and a dozen are asked before a seat is
held. What `Hot` reads are snapshots: they belong to no session, and a change made to them goes
nowhere. So it is for rows that are only looked at.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from telehealth.core.unit import Unit

Ts = TypeVarTuple("Ts")
_Process = Callable[[Any], Any]


class Hot(Generic[*Ts]):
    """`Hot(select(Clinic).where(Clinic.id == bindparam("id")))`, then `await it.first(unit, id=…)`.

    Made once, beside the query it holds. What was selected decides what a row is: objects, values,
    or both. An object that an outer join did not find is None.
    """

    def __init__(self, statement: sa.Select[*Ts]) -> None:
        self._statement = statement
        self._plan: _Plan | None = None

    async def first(self, unit: "Unit", **values: Any) -> tuple[*Ts] | None:
        rows = await self.all(unit, **values)
        return rows[0] if rows else None

    async def all(self, unit: "Unit", **values: Any) -> list[tuple[*Ts]]:
        plan = self.plan(unit)
        if unit.ahead:
            known: list[tuple[*Ts]] | None = unit.ahead.pop((self, plan.key(values)), None)
            if known is not None:
                return known
        await unit.settle()
        await unit.write_held()
        cursor = unit.cursor_for(plan.sql)
        await cursor.execute(plan.sql, plan.arguments(values), prepare=True)
        return [plan.read(row) for row in await cursor.fetchall()]

    def plan(self, unit: "Unit") -> "_Plan":
        if self._plan is None:
            self._plan = _Plan(self._statement, unit.units.engine.dialect)
        return self._plan


class Together:
    """Several hot reads in one message to the server, ahead of those who will ask for them."""

    def __init__(self, *reads: Hot[*tuple[Any, ...]]) -> None:
        self._reads = reads
        self._sql = b""

    @asynccontextmanager
    async def ahead(self, unit: "Unit", values: dict[str, Any]) -> AsyncIterator[None]:
        """In the block, the first to ask each of the reads with these values has its answer at once.

        The reads share what they call by the same name. Whoever takes the session, the connection
        or `append` may write, and so throws the answers away.
        """
        plans = [read.plan(unit) for read in self._reads]
        self._sql = self._sql or _side_by_side(plans)
        await unit.settle()
        await unit.write_held()
        cursor = unit.cursor_for(self._sql)
        arguments = [value for plan in plans for value in plan.arguments(values)]
        await cursor.execute(self._sql, arguments, prepare=True)
        rows, at = await cursor.fetchall(), 0
        for read, plan in zip(self._reads, plans, strict=True):
            after = at + 1 + plan.width
            # The first column counts this read's rows; it is null where others have more.
            unit.ahead[read, plan.key(values)] = [plan.read(row[at + 1 : after]) for row in rows if row[at]]
            at = after
        try:
            yield
        finally:
            unit.ahead.clear()


async def append(unit: "Unit", *rows: object) -> None:
    """Insert new objects of one class at once. Nothing that the session holds back goes before them."""
    await append_facts(unit, type(rows[0]), [instance_dict(row) for row in rows])
    for row in rows:
        # What the database filled in is read when somebody asks, which of these nobody does.
        make_transient_to_detached(row)


async def append_facts(unit: "Unit", kind: type, rows: Sequence[dict[str, Any]]) -> None:
    """`append`, of rows that nobody needs as objects."""
    plan = _append_plan(unit, kind, len(rows))
    unit.ahead.clear()
    await unit.cursor_for(plan.sql).execute(plan.sql, plan.arguments(rows), prepare=True)


def append_later(unit: "Unit", row: object) -> None:
    """`append`, together with what else the unit holds back (`Unit.later`)."""
    append_facts_later(unit, type(row), [instance_dict(row)])
    make_transient_to_detached(row)


def append_facts_later(unit: "Unit", kind: type, rows: Sequence[dict[str, Any]]) -> None:
    plan = _append_plan(unit, kind, len(rows))
    unit.later(plan.sql, plan.arguments(rows))


def _append_plan(unit: "Unit", kind: type, count: int) -> "_AppendPlan":
    plan = _appends.get((kind, count))
    if plan is None:
        plan = _appends[kind, count] = _AppendPlan(sa.inspect(kind), count, unit.units.engine.dialect)
    return plan


class _Plan:
    """A SELECT as the driver takes it, and how to read a row of its answer."""

    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        columns: list[Any] = []
        self._parts: list[_Part] = []
        for described in statement.column_descriptions:
            mapper = sa.inspect(described["expr"], raiseerr=False)
            mapped = mapper if isinstance(mapper, Mapper) else None
            chosen = [described["expr"]] if mapped is None else list(mapped.columns)
            self._parts.append(_Part(mapped, len(columns), [_reader(one.type, dialect) for one in chosen]))
            columns += chosen
        spelled = statement.with_only_columns(*columns, maintain_column_froms=True)
        compiled = spelled.compile(dialect=dialect)
        self.width = len(columns)
        self.text, self.names = str(compiled), list(compiled.params)
        self.sql = _numbered(self.text, self.names)
        self._required = [name for name in self.names if compiled.binds[name].required]
        self._slots: list[tuple[str, _Process | None, Any]] = []
        for name, value in compiled.params.items():
            write = _writer(compiled.binds[name].type, dialect)
            if compiled.binds[name].required:
                self._slots.append((name, write, None))
            else:
                self._slots.append(("", None, value if write is None else write(value)))

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        found = []
        for name, write, fixed in self._slots:
            value = values[name] if name else fixed
            found.append(value if write is None else write(value))
        return found

    def key(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([values[name] for name in self._required])

    def read(self, row: tuple[Any, ...]) -> Any:
        return tuple([part.read(row) for part in self._parts])


class _Part:
    """One thing that was selected: an object, or a single value."""

    def __init__(self, mapper: Mapper[Any] | None, at: int, readers: list[_Process | None]) -> None:
        self._mapper = mapper
        self._at, self._to = at, at + len(readers)
        self._value = readers[0]
        if mapper is not None:
            self._keys = [mapper.get_property_by_column(column).key for column in mapper.columns]
            # Most values are as the driver reads them.
            paired = zip(self._keys, readers, strict=True)
            self._worked = [(key, read) for key, read in paired if read is not None]
            self._identity = mapper.get_property_by_column(mapper.primary_key[0]).key

    def read(self, row: tuple[Any, ...]) -> Any:
        if self._mapper is None:
            value = row[self._at]
            return value if self._value is None else self._value(value)
        facts = dict(zip(self._keys, row[self._at : self._to], strict=True))
        if facts[self._identity] is None:
            return None
        for key, read in self._worked:
            facts[key] = read(facts[key])
        found = self._mapper.class_manager.new_instance()
        instance_dict(found).update(facts)
        return found


class _AppendPlan:
    """An INSERT of everything the database does not fill in itself."""

    def __init__(self, mapper: Mapper[Any], count: int, dialect: Dialect) -> None:
        self._fields = [
            (column.key, mapper.get_property_by_column(column).key, _writer(column.type, dialect))
            for column in mapper.columns
            if column.server_default is None
        ]
        table = mapper.local_table
        assert isinstance(table, sa.Table)  # noqa: S101 - every mapped class here has a table of its own
        self._made = {
            mapper.get_property_by_column(column).key: column.default.arg  # type: ignore[attr-defined]
            for column in mapper.columns
            if column.default is not None and column.default.is_callable
        }
        names = [name for name, _, _ in self._fields]
        rows = [
            {name: sa.bindparam(f"{name}_{row}", type_=table.c[name].type) for name in names}
            for row in range(count)
        ]
        compiled = sa.insert(table).inline().values(rows).compile(dialect=dialect)
        self.sql = _numbered(str(compiled), [f"{name}_{row}" for row in range(count) for name in names])

    def arguments(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        found = []
        for facts in rows:
            for key, make in self._made.items():
                if facts.get(key) is None:
                    facts[key] = make(None)
            for _, key, write in self._fields:
                value = facts.setdefault(key, None)
                found.append(value if write is None else write(value))
        return found


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Process | None:
    return kind._cached_result_processor(dialect, None)


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Process | None:
    return kind._cached_bind_processor(dialect)


def _numbered(sql: str, names: Sequence[str], *, first: int = 1) -> bytes:
    """With $1, $2, … for the parameters, as the server takes them."""
    return (sql % {name: f"${number}" for number, name in enumerate(names, start=first)}).encode()


def _side_by_side(plans: Sequence[_Plan]) -> bytes:
    """The nth row of each in the nth row of all."""
    number = 1
    joined: list[bytes] = []
    counts: list[bytes] = []
    for index, plan in enumerate(plans):
        name = b"r%d" % index
        inner = _numbered(plan.text, plan.names, first=number)
        rows = b"(select row_number() over () as n_, q.* from (%s) q) %s" % (inner, name)
        joined.append(rows + b" on %s.n_ = coalesce(%s)" % (name, b", ".join(counts)) if counts else rows)
        counts.append(name + b".n_")
        number += len(plan.names)
    return b"select * from %s order by coalesce(%s)" % (b" full join ".join(joined), b", ".join(counts))


#: Mapped class and number of rows → the INSERT. All databases of a process speak one dialect.
_appends: dict[tuple[type, int], _AppendPlan] = {}
