"""Versions of a hospital's policy set. What was published stays as it was: decisions point at it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy
from telehealth.rulebook.states import POLICY_VERSION, PolicyEvent, PolicyState

#: For the database itself: not even a forgotten UPDATE changes what was published.
GUARDS = (
    """
create or replace function policy_versions_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state in ('published', 'retired') then
      raise exception 'a published policy version is never removed' using errcode = '23001';
    end if;
    return old;
  end if;
  if old.state <> 'draft' and row(new.id, new.hospital_id, new.number, new.body, new.digest,
      new.published_at) is distinct from row(old.id, old.hospital_id, old.number, old.body, old.digest,
      old.published_at) then
    raise exception 'a published policy version is never changed' using errcode = '23001';
  end if;
  if old.state = 'retired' and new.state <> 'retired' then
    raise exception 'a retired policy version stays retired' using errcode = '23001';
  end if;
  return new;
end $$
""",
    """
create or replace trigger policy_versions_stay before update or delete on policy_versions
  for each row execute function policy_versions_stay()
""",
)


class PolicyVersionRow(Base):
    __tablename__ = "policy_versions"
    __guards__ = GUARDS
    #: Anybody may read what binds them; only the hospital changes it.
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (
        sa.UniqueConstraint("hospital_id", "number"),
        sa.Index(
            "uq_policy_versions_current",
            "hospital_id",
            unique=True,
            postgresql_where=sa.text("state = 'published'"),
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    number: Mapped[int]
    state: Mapped[PolicyState]
    body: Mapped[dict[str, Any]]
    #: SHA-256 of the canonical set, written on publishing.
    digest: Mapped[str]
    note: Mapped[str]
    #: The number of the version this draft was made from; 0 for a hospital's first.
    based_on: Mapped[int]
    #: Counts saves of the draft, so that two editors do not overwrite each other.
    revision: Mapped[int]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]

    def apply(self, event: PolicyEvent) -> None:
        self.state = POLICY_VERSION.after(self.state, event)
