"""How a process logs: one line a thing that happened, as text for people or as JSON for machines."""

import logging
import sys
from typing import Literal

import structlog


def write_logs(style: Literal["text", "json"]) -> None:
    """Send structlog's lines to standard error; libraries speak up from WARNING on."""
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.WARNING)
    last = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
