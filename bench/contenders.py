"""Who takes part: Laurel, the Faust app and the Kafka Streams app, each a command."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.process import Process
from bench.stage import Ground, Stage
from deploy.embedded.ports import free

_BIN = Path(sys.executable).parent
_STREAMS = Path(__file__).with_name("peers") / "streams"


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those who are compared."""

    name: str
    command: tuple[str, ...]
    # Its consumer group, without the topic prefix.
    group: str

    def start(self, stage: Stage, ground: Ground, name: str = "1") -> Process:
        """Start one of this name on a ground; its page keeps its port over restarts."""
        one = self.group if name == "1" else f"{self.group}-{name}"
        port = ground.ports.setdefault(one, free(1)[0])
        command = [word.format(port=port) for word in self.command]
        told = {"LAUREL_WEB_PORT": str(port), "LAUREL_WORKER_ID": name}
        log = stage.logs / f"{ground.settings.topic_prefix}{one}.log"
        return Process(command, ground.environment | told, log, port)


COMMAND = str(_BIN / "laurel")
LAUREL = Contender("Laurel", (COMMAND, "worker", "scoring"), "laurel-scoring")
BOARDS = Contender("boards", (COMMAND, "worker", "boards"), "laurel-boards")
LEDGER = Contender("ledger", (COMMAND, "worker", "ledger"), "laurel-ledger")
FAUST = Contender(
    "Faust",
    (
        *(str(_BIN / "faust"), "-A", "bench.peers.faust_app", "worker", "--loglevel", "warn"),
        *("--web-port", "{port}"),
    ),
    "loyalty-faust",
)
STREAMS = Contender(
    "Kafka Streams",
    ("java", "-cp", f"{_STREAMS}/target/classes:{_STREAMS}/target/lib/*", "loyalty.LoyaltyApp"),
    "loyalty-streams",
)


def build_streams() -> str:
    """Compile the Kafka Streams app; return why that cannot be, or an empty text."""
    for tool in ("javac", "mvn"):
        if shutil.which(tool) is None:
            return f"Kafka Streams was not measured: there is no `{tool}` here"
    command = ["mvn", "--quiet", "--batch-mode", "package"]
    built = subprocess.run(command, cwd=_STREAMS, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"the Kafka Streams app does not compile:\n{built.stdout}")
    return ""
