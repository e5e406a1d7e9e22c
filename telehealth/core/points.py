"""Named places around outside calls and commits, where a rehearsal may kill the process.

`TELEHEALTH_KILL_AT=refund.sent` ends this process, as `kill -9` would, when it first gets there.
Settings refuse the variable under the production profile; otherwise a point costs a comparison.
"""

import os
import signal

_KILL_AT = os.environ.get("TELEHEALTH_KILL_AT", "")


def point(name: str) -> None:
    """Name the step that was just taken, or is about to be: `<what>.<before|after>_<call|commit>`."""
    if name == _KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)
