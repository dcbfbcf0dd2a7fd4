"""Where commands print: results to standard output, all else to standard error.

What is printed was written by anybody: texts in brackets are no styles, and a terminal is sent no control
characters but our own.
"""

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_SYMBOLS: Final = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}
"""How control characters are shown: by the symbols that Unicode has for them."""


class PlainConsole(Console):
    """A console that shows what it is given and takes no orders from it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - rich's own options
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Give the pieces of something to be printed."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=piece.text.translate(_SYMBOLS))


console = PlainConsole()
errors = PlainConsole(stderr=True)
