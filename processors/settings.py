"""What a process is told by its environment: `LAUREL_*`, each with a default that suits one machine."""

import os
import ssl
from functools import cached_property
from typing import Annotated, Any, Literal

import faust
from aiokafka.conn import collect_hosts
from faust.types.auth import CredentialsT
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _hosts(written: str) -> str:
    """Accept what a Kafka client reads as addresses."""
    try:
        collect_hosts(written.split(","))
    except ValueError as wrong:
        raise ValueError(f"{written!r} is not like host:9092 or host:9092,other:9092") from wrong
    return written


class Settings(BaseSettings):
    """Addresses, names and credentials. Every field is the variable `LAUREL_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="LAUREL_", extra="ignore", frozen=True)

    kafka: Annotated[str, AfterValidator(_hosts)] = Field(
        "localhost:9092", description="Bootstrap servers, comma separated."
    )
    redis: str = Field("redis://localhost:6379/0", description="Where boards are written.")
    postgres: str = Field(
        "postgresql://localhost:5432/laurel", description="Where the ledger is written."
    )
    redis_read: str | None = Field(None, description="Where boards are read, if elsewhere.")
    postgres_read: str | None = Field(None, description="Where the ledger is read, if elsewhere.")
    topic_prefix: str = Field("", description="Put before every topic and consumer group name.")
    profile: Literal["embedded", "production"] = Field(
        "embedded", description="Which profile of topics.yaml the topics must match."
    )
    worker_id: str = Field(
        "1", description="This worker's name among its kind; it keeps it over restarts."
    )
    web_host: str = Field("127.0.0.1", description="Where the status page listens.")
    web_port: int = Field(6066, ge=1, le=65535, description="The status page's port.")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: str | None = Field(None, repr=False)
    kafka_ca: str | None = Field(None, description="File of the authority that signed the brokers.")
    jobs_grace: float = Field(
        300.0, ge=0, description="Seconds from a period's end until it is closed."
    )
    jobs_pace: float = Field(
        1.0, gt=0, description="What every interval of the jobs is taken times."
    )
    log_format: Literal["text", "json"] = Field("text", description="How a log line looks.")

    def topic(self, name: str) -> str:
        """Full name of a topic of topics.yaml."""
        return self.topic_prefix + name

    def group(self, kind: str) -> str:
        """Consumer group of a kind of worker: `scoring`, `boards` or `ledger`; jobs have none."""
        return f"{self.topic_prefix}laurel-{kind}"

    @cached_property
    def changelog(self) -> str:
        """Topic of the accounts' rows."""
        return self.topic("laurel-scoring-accounts-changelog")

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """TLS context for Kafka; None where the protocol has no TLS."""
        if "SSL" not in self.kafka_security:
            return None
        return ssl.create_default_context(cafile=self.kafka_ca)

    @cached_property
    def kafka_connection(self) -> dict[str, Any]:
        """Keyword arguments of every aiokafka client."""
        connection: dict[str, Any] = {
            "bootstrap_servers": self.kafka.split(","),
            "security_protocol": self.kafka_security,
            "ssl_context": self.tls,
        }
        if "SASL" in self.kafka_security:
            connection |= {
                "sasl_mechanism": self.kafka_sasl_mechanism,
                "sasl_plain_username": self.kafka_username,
                "sasl_plain_password": self.kafka_password,
            }
        return connection

    @cached_property
    def faust_credentials(self) -> CredentialsT | None:
        """Return the same credentials in Faust's form."""
        if "SASL" in self.kafka_security:
            return faust.SASLCredentials(
                username=self.kafka_username,
                password=self.kafka_password,
                mechanism=self.kafka_sasl_mechanism,
                ssl_context=self.tls,
            )
        return faust.SSLCredentials(self.tls) if self.tls else None

    def environment(self) -> dict[str, str]:
        """Return the environment that gives a child process these settings."""
        own = self.model_dump(exclude_none=True)
        return os.environ | {f"LAUREL_{name.upper()}": str(value) for name, value in own.items()}
