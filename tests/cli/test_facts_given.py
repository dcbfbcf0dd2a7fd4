"""Facts on the command line."""

import pytest

from cli.facts import fact_types, read_facts
from cli.refusals import Refusal

TYPES = {
    "order_value": "decimal(2)",
    "order_id": "text",
    "place": "integer",
    "listed": "flag",
    "segments": "texts",
    "joined_at": "moment",
}


@pytest.mark.parametrize(
    ("given", "types", "expected"),
    [
        (["order_value=100"], TYPES, {"order_value": 100}),
        (["order_value=99.90"], TYPES, {"order_value": 99.9}),
        (["order_value=ten"], TYPES, {"order_value": "ten"}),
        (["order_id=77812"], TYPES, {"order_id": "77812"}),
        (["order_id=a=b"], TYPES, {"order_id": "a=b"}),
        (["listed=false", "place=2"], TYPES, {"listed": False, "place": 2}),
        (["segments=vip,new"], TYPES, {"segments": ["vip", "new"]}),
        (["joined_at=2025"], TYPES, {"joined_at": "2025"}),
        (
            ["order_id=77812", "other=x", "more=[1]"],
            {},
            {"order_id": 77812, "other": "x", "more": [1]},
        ),
        (
            ['{"order_value": 1, "order_id": "7"}', "order_value=2"],
            TYPES,
            {"order_value": 2, "order_id": "7"},
        ),
        ([], TYPES, {}),
    ],
)
def test_facts_become_what_the_program_says(
    given: list[str], types: dict[str, str], expected: dict[str, object]
) -> None:
    """A declared fact takes its type; any other is JSON where it can be; later ones win."""
    assert read_facts(given, types) == expected


@pytest.mark.parametrize("given", ["order_value", "=5", "{not json}"])
def test_what_is_no_fact_is_refused_with_its_text(given: str) -> None:
    """The refusal repeats what was given."""
    with pytest.raises(Refusal) as refused:
        read_facts([given], TYPES)
    assert repr(given) in refused.value.what


def test_types_are_those_of_the_action() -> None:
    """A program says the types of an action's facts; of an unknown action it says none."""
    document = {"actions": {"REVIEW": {"facts": {"product_id": {"type": "text"}}}, "LOGIN": {}}}
    assert fact_types(document, "REVIEW") == {"product_id": "text"}
    assert fact_types(document, "LOGIN") == {}
    assert fact_types(document, "FLY") is None
    assert fact_types(None, "FLY") is None
