"""What an account may have forgotten, and the book has not: both answers are taken."""

import pytest

from audit.compare import compare_results
from audit.results import Results
from tests.audit.by_hand import Told


@pytest.mark.parametrize(
    ("reason", "agrees"),
    [("not_reversible", True), ("condition", True), ("once_only", False)],
)
def test_an_award_that_is_too_old_may_be_unknown(reason: str, *, agrees: bool) -> None:
    """After 180 days a reversal is refused, whether or not the account still knows the award."""
    told = Told("loyalty")
    told.tell("REVERSAL", action_id="nobody's")
    member = told.member()
    member.outcomes["a-0"] = member.outcomes["a-0"]._replace(reason="not_reversible")
    said = {"id": "a-0#declined", "action_id": "a-0", "reason": reason}
    results = Results(declined={("loyalty", "anna"): [said]})
    assert (list(compare_results(told.book, results)) == []) is agrees
