"""Whether the benchmark compares like with like: a load that is what it says, and peers that do the same."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from bench import results
from bench.load import Load, Partitions, ending_now, make
from bench.peers.faust_records import Account, Action
from bench.peers.faust_rules import new_account, score
from bench.results import Table, percentile
from processors.engine import Decision
from schemas.wire import encode
from tests.support.engine import Engine, loyalty

NOW = dt.datetime(2025, 12, 1, 12, tzinfo=dt.UTC)
"""The day before it begins in another week and month, and before the winter promotion."""

LOAD = Load(6_000, 120)
Said = list[tuple[str, object]]


def test_a_peer_says_what_the_engine_says() -> None:
    """Every result of the Faust peer equals Laurel's, field by field, over a new week and a promotion."""
    values = [value for _, value in make(LOAD, ending_now(LOAD.actions, NOW.timestamp()))]
    assert _said_by_the_peer(values) == _said_by_laurel(values)


def _said_by_laurel(values: list[bytes]) -> Said:
    engine = Engine()
    said: Said = []
    engine.publish(loyalty())
    for value in values:
        outcome = engine.hear(value, int(NOW.timestamp() * 1000))
        assert isinstance(outcome, Decision)
        one = [outcome.accepted] if outcome.accepted else [outcome.declined]
        results = [*(outcome.postings or one), *outcome.tiers, *outcome.achievements]
        said += [(type(each).__name__, msgspec.json.decode(encode(each))) for each in results]
    return _sorted(said)


def _said_by_the_peer(values: list[bytes]) -> Said:
    accounts: dict[str, Account] = {}
    said: Said = []
    for value in values:
        action = Action.loads(value)
        account = accounts.setdefault(action.user_id, new_account())
        for result in score(account, action, NOW, ""):
            body = msgspec.json.decode(result.dumps())
            # Which record repeats is known to the worker, not to the engine.
            body["id"] = body["id"].removesuffix("@")
            said.append((type(result).__name__, body))
    return _sorted(said)


def _sorted(said: Said) -> Said:
    """Put results in the order of their topics; within one they keep theirs."""
    return sorted(said, key=lambda one: one[0])


def test_a_load_is_its_arguments() -> None:
    """The same arguments make the same bytes; another seed makes others."""
    moment = ending_now(LOAD.actions, NOW.timestamp())
    made = list(make(LOAD, moment))
    assert made == list(make(LOAD, moment))
    assert made != list(make(LOAD._replace(seed=2), moment))
    assert len(made) == LOAD.actions


def test_a_fifth_of_a_load_derives() -> None:
    """With a fifth of deriving ones, a fifth of the records are sign-ups with a code that is owned."""
    load = Load(20_000, 1_000, deriving=0.2)
    said = [msgspec.json.decode(value) for _, value in make(load, ending_now(load.actions, 1e9))]
    codes = {one["data"]["code"] for one in said if "code" in one["data"]}
    coming = [one["data"]["referral_code"] for one in said if "referral_code" in one["data"]]
    assert len(coming) / load.actions == pytest.approx(0.2, abs=0.02)
    assert set(coming) <= codes


def test_partitions_are_those_of_java() -> None:
    """Keys lie where Java's default partitioner puts them; the hashes are of Kafka's own tests."""
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    wanted = {key: (value & 0x7FFFFFFF) % 64 for key, value in hashes.items()}
    assert {key: Partitions(64).of(key) for key in hashes} == wanted


def test_a_section_replaces_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring a section again leaves the others as they were, in their order."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    table = Table("T", ["a"], [["1"]])
    for section, body in (("latency", "old"), ("scoring", table.markdown()), ("latency", "new")):
        results.write(section, body, ["Kafka 4"])
    text = results.RESULTS.read_text()
    assert text.index("## scoring") < text.index("## latency")
    assert "old" not in text
    assert text.count("new\n") == 1
    assert "| a |\n| --- |\n| 1 |" in text


def test_percentiles_are_values_that_were_there() -> None:
    """The largest of the values is their 100th percentile, and one in the middle their 50th."""
    values = [3.0, 1.0, 2.0]
    assert [percentile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 2, 3, 3]
