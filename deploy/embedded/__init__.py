"""The real Kafka, Redis and PostgreSQL as child processes: no Docker, no root, one data folder."""

from deploy.embedded.embedded import Embedded
from deploy.embedded.folder import halt, remove
from deploy.embedded.server import Server
from deploy.stack import Stack, StackError

__all__ = ["Embedded", "Server", "Stack", "StackError", "halt", "remove"]
