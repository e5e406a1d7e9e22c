"""Small Python programs that a test runs, listens to, and kills."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Program:
    process: subprocess.Popen[str]
    #: What it prints, as it prints it, without line ends. StopIteration once it ended.
    lines: Iterator[str]


@contextmanager
def python(code: str, *arguments: str | Path) -> Iterator[Program]:
    """Run `code`; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Program(process, (line.rstrip("\n") for line in process.stdout))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
