"""Where commands print: results to standard output, all else to standard error."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
errors = Console(highlight=False, soft_wrap=True, stderr=True)
