"""Ends a worker that has stopped working without ending: Faust can hang where it should stop."""

import threading
import time
from collections.abc import Callable

from processors.stream.last_words import die

LIMIT_SECONDS = 60.0
"""Longer than any turn, take-over or broker restart should take."""

CHECK_SECONDS = 5.0


def watch(stalled_for: Callable[[], float]) -> threading.Thread:
    """Start a thread that ends the process once `stalled_for()` passes the limit, in seconds.

    A thread, because a blocked event loop is one of the things it is there for.
    """

    def check() -> None:
        while True:
            time.sleep(CHECK_SECONDS)
            if (seconds := stalled_for()) > LIMIT_SECONDS:
                die("no progress while records wait, or no group any more", seconds=seconds)

    thread = threading.Thread(target=check, name="watchdog", daemon=True)
    thread.start()
    return thread
