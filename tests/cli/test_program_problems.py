"""Program files with something wrong in them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands import app
from cli.program_files import PROGRAMS, check_file, files_in, read_checked
from cli.refusals import Refusal

GOOD = (PROGRAMS / "loyalty" / "2025-01-01.yaml").read_text()


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("rounding: floor", "rounding: down", "rounding: down", "rounding"),
        (
            "        points: 500",
            "        pints: 500",
            "pints",
            "`pints` is no word here; is it `points`?",
        ),
        ("cooldown: 60 minutes", "cooldown: 1 month", "cooldown: 1 month", "say it in days"),
        ("program: loyalty", "program: &a loyalty", "program", "anchors are not used here"),
        ("timezone: UTC", "timezone: Mars", "timezone: Mars", "Mars"),
    ],
)
def test_a_problem_has_its_line(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    """Every problem is told with file, line and what is wrong."""
    text = GOOD.replace(old, new)
    path = tmp_path / "2025-01-01.yaml"
    path.write_text(text)
    _, problems = check_file(path)
    found = [problem for problem in problems if what in problem]
    assert len(found) == 1, problems
    assert found[0].startswith(f"{path}:{line_of(text, where)}: ")
    with pytest.raises(Refusal, match="cannot be published"):
        read_checked(path)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """`check` does not stop at the first problem, nor at the first file; it ends with code 1."""
    bad = GOOD.replace("rounding: floor", "rounding: down").replace("points: 500", "pints: 500")
    (tmp_path / "a.yaml").write_text(bad)
    (tmp_path / "b.yaml").write_text(GOOD)
    ended = CliRunner().invoke(app, ["rules", "check", str(tmp_path)], env={"COLUMNS": "200"})
    assert ended.exit_code == 1
    assert ended.output.count("✗") >= 2
    assert f"✓ {tmp_path / 'b.yaml'}" in ended.output


def test_a_file_that_is_no_utf_8_is_told_like_any_other_problem(tmp_path: Path) -> None:
    """The line of the first such byte is named, and the other files are checked all the same."""
    (tmp_path / "a.yaml").write_bytes("program: shop\ntitle: Prämie\n".encode("latin-1"))
    (tmp_path / "b.yaml").write_text(GOOD)
    ended = CliRunner().invoke(app, ["rules", "check", str(tmp_path)], env={"COLUMNS": "200"})
    assert ended.exit_code == 1
    told = f"{tmp_path / 'a.yaml'}:2: the byte 0xE4 is no UTF-8: save the file as UTF-8"
    assert told in ended.output
    assert f"✓ {tmp_path / 'b.yaml'}" in ended.output
    with pytest.raises(Refusal, match="cannot be published"):
        read_checked(tmp_path / "a.yaml")


def test_a_problem_is_printed_as_it_is(tmp_path: Path) -> None:
    """Line and column stand as editors read them, on one line however long, and nothing is an emoji."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.replace("points: 10\n", "points: 10 / 2\n"))
    ended = CliRunner().invoke(app, ["rules", "check", str(path)], env={"COLUMNS": "40"})
    line = line_of(path.read_text(), "points: 10 / 2")
    where = "actions.SOCIAL_SHARE.rules.social_share.points"
    assert f"{path}:{line}:20: {where}: `/` has no place in a formula" in ended.output
    lines = "\n" * (200 - line_of(GOOD, "reference: [network]"))
    path.write_text(lines + GOOD.replace("[network]", "[net]"))
    ended = CliRunner().invoke(app, ["rules", "check", str(path)])
    assert f"{path}:200: actions.SOCIAL_SHARE.reference" in ended.output


def test_the_programs_of_the_repository_are_good() -> None:
    """`laurel rules check` without arguments checks programs/, which is good."""
    ended = CliRunner().invoke(app, ["rules", "check"])
    assert ended.exit_code == 0, ended.output
    assert ended.output.count("✓") == len(list(files_in([PROGRAMS])))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file and an empty folder are refused by name."""
    with pytest.raises(Refusal, match="cannot be read"):
        check_file(tmp_path / "nowhere.yaml")
    with pytest.raises(Refusal, match="holds no program file"):
        list(files_in([tmp_path]))


def test_a_file_is_compared_with_its_own_program() -> None:
    """Of another program's file everything would differ, and nothing be meant by it."""
    path = str(PROGRAMS / "forum" / "2025-01-01.yaml")
    ended = CliRunner().invoke(app, ["rules", "diff", "loyalty", path], env={"COLUMNS": "400"})
    assert ended.exit_code == 1
    assert "is of forum, not of loyalty" in ended.output
