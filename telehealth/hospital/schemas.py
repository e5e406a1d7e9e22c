from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from telehealth.core.text import Line
from telehealth.hospital.models import SystemKey


class MakeSystemKey(BaseModel):
    """`name` says which system will hold the key; patients read it among those who looked."""

    model_config = ConfigDict(extra="forbid")

    name: Line


class SystemKeyView(BaseModel):
    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: SystemKey) -> "SystemKeyView":
        return cls(
            id=row.id, name=row.name, made_at=row.made_at, used_at=row.used_at, revoked_at=row.revoked_at
        )


class SystemKeyMade(SystemKeyView):
    """`token` is in this answer and nowhere else."""

    token: str

    @classmethod
    def once(cls, row: SystemKey, token: str) -> "SystemKeyMade":
        return cls(**SystemKeyView.of(row).model_dump(), token=token)
