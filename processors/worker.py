"""One worker process: puts a kind of worker together and runs it until it is told to stop."""

import gc
from importlib import import_module
from typing import Final, cast

import faust
import uvloop

from processors.app import App
from processors.logs import write_logs
from processors.settings import Settings
from processors.stream import watchdog
from processors.stream.connections import survive_resets

GARBAGE_THRESHOLD: Final = 300_000
"""Objects more than there were before the collector looks: more than a turn holds until it ends, and
nearly none of those in cycles."""

KINDS: Final = {
    "scoring": ("processors.scorer", "scoring_app"),
    "boards": ("processors.projections", "boards_app"),
    "ledger": ("processors.projections", "ledger_app"),
    "jobs": ("processors.jobs.worker", "jobs_app"),
}
"""Where the app of each kind of worker is made. A process imports its own only: after a kill it is back
that much sooner."""


def run(kind: str, settings: Settings) -> None:
    """Run a worker of `kind` (scoring, boards, ledger or jobs) in this process; returns when stopped.

    Ends the process with code 70 when something is wrong; a supervisor starts it again.
    """
    write_logs(settings.log_format)
    uvloop.install()
    survive_resets()
    gc.set_threshold(GARBAGE_THRESHOLD)
    app = _make_app(kind, settings)
    watchdog.watch(app.status.stalled_for)
    worker = faust.Worker(app, loglevel="WARNING", redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


def _make_app(kind: str, settings: Settings) -> App:
    module, name = KINDS[kind]
    return cast("App", getattr(import_module(module), name)(settings))
