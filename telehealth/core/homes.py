"""Where an installation keeps its data: the cluster, files, keys and logs."""

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path

from telehealth.core.processes import CannotStart

#: A killed process keeps its lock until the kernel has taken its memory apart.
_DYING_S = 0.5


class HomeBusy(CannotStart):
    """Another supervisor has this home."""


def data_home(env: Mapping[str, str] | None = None) -> Path:
    """`TELEHEALTH_HOME`, else the place the system sets aside for such data.

    Root gets /var/lib because PostgreSQL then runs as another account, which cannot enter /root.
    """
    env = os.environ if env is None else env
    if chosen := env.get("TELEHEALTH_HOME"):
        return Path(chosen).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/telehealth")
    share = env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(share) / "telehealth"


class HomeLock:
    """One supervisor per home. The kernel lets go of it however its holder ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._descriptor: int | None = None

    def take(self) -> None:
        """Again is no harm. Raises HomeBusy, which names the holder's process."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + _DYING_S
        while not _locked(descriptor):
            if time.monotonic() > end:
                holder = os.pread(descriptor, 20, 0).decode() or "unknown"
                os.close(descriptor)
                raise HomeBusy(f"{self._home} is in use by process {holder}")
            time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
