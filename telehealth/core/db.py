"""The database: engine, declarative base, column types."""

import enum
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

from telehealth.core.ids import new_id

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


#: A UUIDv7 primary key, made before the insert.
PrimaryKey = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]


class Base(AsyncAttrs, DeclarativeBase):
    metadata = sa.MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {
        datetime: sa.DateTime(timezone=True),
        UUID: sa.Uuid(),
        str: sa.Text(),
        int: sa.BigInteger(),
        Decimal: sa.Numeric(),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
        list[str]: ARRAY(sa.Text()),
        list[UUID]: ARRAY(sa.Uuid()),
        enum.Enum: sa.Enum(
            enum.Enum, native_enum=False, length=40, values_callable=_values, create_constraint=True
        ),
    }


def build_engine(url: str, *, pool_size: int = 16, application_name: str = "telehealth") -> AsyncEngine:
    """Sessions speak UTC. Statements are prepared on their second use, which keeps hot paths cheap."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        # A connection beyond the pool is closed after one use, and opening one (SCRAM, a process,
        # no plan prepared) costs more than many transactions: at 32 at once that took two thirds
        # of the throughput. Waiting for a warm one is quicker.
        max_overflow=0,
        # The last one used has its plans and caches warm; in quiet hours the others idle unused.
        pool_use_lifo=True,
        pool_timeout=10,
        pool_recycle=1800,
        # A failed statement's parameters hold names and numbers: keep them out of tracebacks.
        hide_parameters=True,
        connect_args={
            "prepare_threshold": 2,
            "application_name": application_name,
            "options": "-c timezone=UTC -c lock_timeout=5000 -c statement_timeout=30000",
        },
    )
