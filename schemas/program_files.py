"""Program files: YAML that says only what JSON can say, with the line of every place.

`NO` is a country and `2025-01-01` a text: only null, true, false, yes, no and decimal numbers are
more than text. Anchors, tags and repeated keys are refused.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

Place = tuple[str | int, ...]

_WORDS: Final[dict[str, object]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "yes": True,
    "false": False,
    "no": False,
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,15})", re.ASCII)
_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})\.\d{1,15}", re.ASCII)


class ProgramFile(NamedTuple):
    """The content of a YAML file as JSON values, and the line (from 1) of every place in it."""

    content: Any
    lines: dict[Place, int]
    # By place, the text of the file from where a value begins until it ends, and its line and column.
    written: Mapping[Place, tuple[str, int, int]] = {}

    def spot(self, place: Place, column: int) -> tuple[int, int]:
        """Return line and column in the file of a column (from 1) of the text at a place.

        A text may be quoted or folded over several lines: all but its blanks stands there as it is.
        """
        value, (raw, line, first) = self._at(place), self.written[place]
        at = _found(raw, value, column)
        before = raw[:at].split("\n")
        return line + len(before) - 1, len(before[-1]) + 1 + (first if len(before) == 1 else 0)

    def _at(self, place: Place) -> str:
        value = self.content
        for part in place:
            value = value[part]
        return str(value)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest part around it that was written."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class ProgramFileError(ValueError):
    """Text that is no YAML of this kind, and the line where it stops being it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def read_program_file(path: Path) -> ProgramFile:
    """Read a YAML file. Raises OSError and ProgramFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        line = wrong.object[: wrong.start].count(b"\n") + 1
        byte = wrong.object[wrong.start]
        raise ProgramFileError(
            f"the byte 0x{byte:02X} is no UTF-8: save the file as UTF-8", line
        ) from wrong
    return read_yaml(text)


def read_yaml(text: str) -> ProgramFile:
    """Read YAML text. Raises ProgramFileError."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise ProgramFileError("anchors are not used here", _line(event.start_mark))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as wrong:
        raise ProgramFileError(str(wrong.problem), _line(wrong.problem_mark)) from wrong
    except yaml.YAMLError as wrong:
        raise ProgramFileError(str(wrong), 1) from wrong
    source = _Source(text, {})
    lines: dict[Place, int] = {}
    return ProgramFile(_content(node, (), lines, source), lines, source.written)


class _Source(NamedTuple):
    text: str
    written: dict[Place, tuple[str, int, int]]

    def note(self, place: Place, node: yaml.Node) -> None:
        start, end = node.start_mark, node.end_mark
        raw = self.text[start.index : end.index]
        self.written[place] = raw, _line(start), start.column


def _found(raw: str, value: str, column: int) -> int:
    """Return where in a text as it is written the character at a column of its value stands.

    An escape or anything else that is written otherwise leaves the beginning.
    """
    start = raw.find("\n") + 1 if raw[:1] in ("|", ">") else int(raw[:1] in ("'", '"'))
    at = start
    for character in value[: column - 1]:
        if character.isspace():
            continue
        while raw[at : at + 1].isspace():
            at += 1
        if raw[at : at + 1] != character:
            return start
        at += 2 if raw[:1] == "'" and raw[at : at + 2] == "''" else 1
    while raw[at : at + 1].isspace() and not value[column - 1 : column].isspace():
        at += 1
    return min(at, len(raw.rstrip()))


def _content(
    node: yaml.Node | None, place: Place, lines: dict[Place, int], source: _Source
) -> object:
    if node is None:
        return None
    lines.setdefault(place, _line(node.start_mark))
    if isinstance(node, yaml.ScalarNode):
        source.note(place, node)
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_content(item, (*place, at), lines, source) for at, item in enumerate(node.value)]
    content: dict[str | int, object] = {}
    for key_node, value in node.value:
        key, line = _scalar(key_node), _line(key_node.start_mark)
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise ProgramFileError(f"{key_node.value!r} is no key: quote it", line)
        if key in content:
            raise ProgramFileError(f"{key!r} is written twice", line)
        lines[(*place, key)] = line
        content[key] = _content(value, (*place, key), lines, source)
    return content


def _scalar(node: yaml.ScalarNode) -> object:
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _line(mark: object) -> int:
    """Return the line of a mark of YAML, which may be missing."""
    return int(getattr(mark, "line", 0)) + 1
