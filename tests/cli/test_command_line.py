"""The command as a whole: its help, its errors, how fast it answers, and its reference."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.commands import COMMANDS, app, load
from cli.reference import FILE, reference

NOWHERE = {
    "LAUREL_KAFKA": "127.0.0.1:1",
    "LAUREL_REDIS": "redis://:secret@127.0.0.1:1/0",
    "LAUREL_POSTGRES": "postgresql://laurel:secret@127.0.0.1:1/laurel",
}
HEAVY = {"aiokafka", "asyncpg", "faust", "pydantic", "redis", "yaml"}


def test_help_names_every_command() -> None:
    """`laurel --help` lists every command with its summary."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    for name, (_, summary) in COMMANDS.items():
        assert name in shown.output
        assert summary in shown.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    """`laurel NAME --help` works, and each command or sub-command shows an example of itself."""
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    command = load(name)
    for one in getattr(command, "commands", {name: command}).values():
        assert one.help
        assert f"laurel {name}" in (one.epilog or "")


def test_help_imports_no_client() -> None:
    """`laurel --help` answers at once: no client of Kafka, Redis or PostgreSQL is imported for it."""
    listed = "import sys, cli; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True
    ).stdout.split()
    assert HEAVY.isdisjoint(modules)


def test_completion_offers_commands() -> None:
    """The shell completes the names of commands."""
    asked = {"_LAUREL_COMPLETE": "complete_bash", "COMP_WORDS": "laurel r", "COMP_CWORD": "1"}
    completed = CliRunner().invoke(app, [], env=asked, prog_name="laurel")
    assert completed.output.split() == ["run", "rules", "rejected", "rank", "rebuild"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["topics", "diff"], "Kafka"),
        (["rules", "show"], "Kafka"),
        (["send", "LOGIN", "--user", "u"], "Kafka"),
        (["tail"], "Kafka"),
        (["rejected", "list"], "Kafka"),
        (["top", "global", "weekly:2025-W49"], "Redis"),
        (["rank", "loyalty", "u"], "Kafka"),
        (["rebuild", "boards"], "Redis"),
        (["rebuild", "ledger"], "Kafka"),
        (["account", "loyalty", "u"], "PostgreSQL"),
        (["doctor"], "Kafka"),
        (["run"], "LAUREL_"),  # All three are tried at once, and whichever fails first is told.
    ],
    ids=" ".join,
)
def test_a_refused_connection_is_told_in_a_sentence(
    arguments: list[str], part: str, tmp_path: str
) -> None:
    """Whoever is not there is named with what to do; no traceback, no password, code 1."""
    ended = CliRunner().invoke(
        app, arguments, env=NOWHERE | {"LAUREL_DATA": f"{tmp_path}/data"}, catch_exceptions=False
    )
    assert ended.exit_code == 1
    assert part in ended.output
    assert "127.0.0.1:1" in ended.output
    assert "correct" in ended.output
    assert "Traceback" not in ended.output
    assert "secret" not in ended.output


def test_without_any_stack_the_way_to_one_is_told(
    tmp_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who never started anything learns of `laurel run`."""
    for variable in NOWHERE:
        monkeypatch.delenv(variable, raising=False)
    ended = CliRunner().invoke(app, ["account", "loyalty", "u", "--folder", f"{tmp_path}/none"])
    assert ended.exit_code == 1
    assert "`laurel run` starts a stack" in ended.output


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["top", "global", "weekly:2025-W49"], "LAUREL_REDIS"),
        (["account", "loyalty", "u"], "LAUREL_POSTGRES"),
    ],
)
def test_what_is_no_address_is_told(arguments: list[str], variable: str) -> None:
    """An address without its scheme is refused in a sentence that repeats it."""
    ended = CliRunner().invoke(app, arguments, env={variable: "nowhere:1"}, catch_exceptions=False)
    assert ended.exit_code == 1
    assert "nowhere:1" in ended.output
    assert "scheme" in ended.output


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LAUREL_WEB_PORT", "many", "LAUREL_WEB_PORT: Input should be a valid integer"),
        ("LAUREL_KAFKA", "broker:port", "LAUREL_KAFKA: 'broker:port' is not like host:9092"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str, said: str) -> None:
    """A variable that cannot be is named with what is wrong with it."""
    ended = CliRunner().invoke(app, ["topics", "diff"], env={variable: value})
    assert ended.exit_code == 1
    assert said in ended.output


def test_a_topic_that_there_is_not_is_told_with_those_there_are() -> None:
    """Nothing could make it, so nothing is advised that would not help."""
    ended = CliRunner().invoke(app, ["tail", "rewards.ernd"], env={"COLUMNS": "400"})
    assert ended.exit_code == 1
    assert "there is no topic rewards.ernd" in ended.output
    assert "rewards.earned" in ended.output


def test_reference_is_fresh() -> None:
    """docs/cli.md says what the commands say; `make schemas` writes it anew."""
    assert FILE.read_text() == reference()
