"""Folders for tests that start PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_home() -> Iterator[Path]:
    """A folder whose path fits a socket and that PostgreSQL's account can enter.

    pytest's tmp_path is neither: it is long, and below a 0700 folder of ours.
    """
    home = Path(tempfile.mkdtemp(prefix="th-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
