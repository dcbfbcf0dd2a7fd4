"""The second book and the cases: what the specification tells of the engine holds for the book too."""

import pytest

from tests.audit.beside import book_of, differences
from tests.support.cases import Case, play, read_cases


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_the_book_agrees(case: Case) -> None:
    """Every outcome, posting, derived action, account and board of a case is the book's."""
    *_, last = play(case)
    found = differences(last.engine, book_of(last.published))
    assert not found, "\n".join(found)
