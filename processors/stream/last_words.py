"""How a worker ends when something is wrong: at once, saying why.

A worker that cannot finish a transaction does not know what the broker knows. It repairs nothing in
place: the process ends without any clean-up, a supervisor starts it again, and the log decides.
"""

import logging
import os
import sys
from typing import NoReturn

import structlog

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h: the supervisor starts the worker again."""

log = structlog.get_logger("laurel")


def die(reason: str, *, error: BaseException | None = None, **where: object) -> NoReturn:
    """End the process now with one clear line; never returns, runs no other code of the process."""
    log.critical(reason, error=repr(error) if error else None, exc_info=error, **where)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)
