"""Who may touch which folder when root runs programs as somebody else."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telehealth.core.processes import CannotStart


class NotOurs(CannotStart):
    """A folder we need belongs to, or is closed to, the wrong account."""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    @classmethod
    def owner_of(cls, path: Path) -> "Account":
        found = path.stat()
        return cls(f"uid {found.st_uid}", found.st_uid, found.st_gid)

    @classmethod
    def first_of(cls, names: Iterable[str]) -> "Account | None":
        """The first of `names` that this machine knows."""
        for name in names:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name, entry.pw_uid, entry.pw_gid)
        return None

    def can_enter(self, folder: Path) -> bool:
        """Whether the mode bits let this account pass through every folder down to `folder`."""
        for place in (folder, *folder.parents):
            found = place.stat()
            if found.st_uid == self.uid:
                passes = found.st_mode & 0o100
            elif found.st_gid == self.gid:
                passes = found.st_mode & 0o010
            else:
                passes = found.st_mode & 0o001
            if not passes:
                return False
        return True


def run_as(account: Account | None) -> dict[str, Any]:
    """Arguments by which `subprocess` starts a program as `account`; None means as ourselves."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def give(path: Path, account: Account | None, *, mode: int) -> None:
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def private_folder(folder: Path, account: Account | None = None) -> None:
    """A 0700 folder of `account`, else of ours. Refuses one that a stranger put there before us.

    Raises:
        NotOurs: it is a link, or another account's.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    allowed = {os.geteuid()} | ({account.uid} if account else set())
    if folder.is_symlink() or found.st_uid not in allowed:
        raise NotOurs(f"{folder} belongs to somebody else")
    give(folder, account, mode=0o700)
