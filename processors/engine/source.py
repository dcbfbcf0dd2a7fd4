"""Compiled rules: Python source that the engine writes for the parts every action passes.

The source is made from parts that were checked (numbers, names of the vocabulary, names of facts);
text of a program file reaches it only as a quoted string. `laurel rules show --compiled` prints it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

SOURCE: Final = "__source__"


def compiled(name: str, lines: list[str], names: Mapping[str, object]) -> Callable[..., Any]:
    """Compile the lines of the function called `name`, which may use these names."""
    source = "\n".join(lines)
    namespace = dict(names)
    exec(compile(source, f"<{name}>", "exec"), namespace)  # noqa: S102  # see the module's docstring
    function: Callable[..., Any] = namespace[name]  # type: ignore[assignment]
    setattr(function, SOURCE, source)
    return function
