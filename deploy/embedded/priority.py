"""Who goes first on a machine that does everything at once: those who answer, before those who work off a log."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = 10
"""How much a process gives way: it gets a tenth of what others get while they want all they can have."""

_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.1
"""Linux takes one wish about a session in so long, from anybody who is not root."""


def give_way(pid: int) -> None:
    """Let a process and its threads wait for others when the processor is short.

    Linux may share the processor among sessions first, then within each (autogroups): a process that
    leads a session of its own gives way with all of it. What a system does not have or allow is left
    out. Blocks for two seconds at most.
    """
    for thread in _threads(pid):
        with suppress(ProcessLookupError, PermissionError):
            niceness = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, max(niceness, NICENESS))
    _let_session_give_way(Path(f"/proc/{pid}/autogroup"))


def _threads(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    return [pid]


def _let_session_give_way(wish: Path) -> None:
    for _ in range(_TRIES):
        try:
            wish.write_text(str(NICENESS))
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return
        else:
            return
