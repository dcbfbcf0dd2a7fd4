"""The tutorial stays true: its steps are played in order, its fragments stand in the finished gym."""

import re
from pathlib import Path

import yaml

from cli.program_files import check_file

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "tutorial.md").read_text()
GYM = (ROOT / "programs" / "gym" / "2025-01-01.yaml").read_text()
# The word after `yaml` says what a block is: the start of the program, something to add to it,
# something that would be wrong there (the next block is the message), or a part of the gym.
BLOCK = r"(?ms)^```yaml (\w+)\n(.*?)^```\n(?:```text\n(.*?)^```\n)?"
BLOCKS = re.findall(BLOCK, TEXT)


def grown(program: object, step: object) -> object:
    """Return a program with a step added: mappings are merged, lists go on."""
    if isinstance(program, dict) and isinstance(step, dict):
        return program | {word: grown(program.get(word), said) for word, said in step.items()}
    if isinstance(program, list) and isinstance(step, list):
        return program + step
    return step


def problems(program: object, folder: Path) -> list[str]:
    """Return what `laurel rules check` says of a program."""
    path = folder / "2025-01-01.yaml"
    path.write_text(yaml.dump(program, sort_keys=False))
    return [re.sub(rf"^{re.escape(str(path))}:\d+: ", "", each) for each in check_file(path)[1]]


def test_every_step_can_be_checked(tmp_path: Path) -> None:
    """After each step the program is right, and its examples come out as they say."""
    program: object = None
    for kind, block, message in BLOCKS:
        if kind == "wrong":
            wrong = grown(program, yaml.safe_load(block))
            assert problems(wrong, tmp_path) == message.splitlines()
        elif kind in ("start", "add"):
            program = grown(program, yaml.safe_load(block))
            assert problems(program, tmp_path) == [], block
    assert isinstance(program, dict)
    assert len(program["examples"]) >= 8


def test_fragments_are_those_of_the_gym() -> None:
    """What the tutorial shows of the finished gym stands there, word for word."""
    fragments = [block for kind, block, _ in BLOCKS if kind == "gym"]
    assert fragments
    assert [block for block in fragments if block not in GYM] == []


def test_every_block_says_what_it_is() -> None:
    """No YAML of the tutorial goes unchecked."""
    assert TEXT.count("```yaml") == len(BLOCKS)
    assert {kind for kind, _, _ in BLOCKS} == {"start", "add", "wrong", "gym"}
