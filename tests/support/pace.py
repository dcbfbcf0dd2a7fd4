"""How long properties are tried: the same examples in every run, unless HYPOTHESIS_PROFILE=deep.

A deep run tries new ones; on a failure it prints its seed, for `pytest --hypothesis-seed=<seed>`.
"""

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

_SLOW: Final = (HealthCheck.too_slow, HealthCheck.data_too_large)
_PHASES: Final = (Phase.explicit, Phase.generate, Phase.shrink)
_PROFILES: Final = {
    "fast": settings(
        max_examples=50,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=_SLOW,
        phases=_PHASES,
    ),
    "deep": settings(
        max_examples=1_000,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=_SLOW,
        phases=_PHASES,
    ),
}
PACE: Final = _PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "fast")]
QUICK: Final = settings(PACE, max_examples=16 * PACE.max_examples)
"""For properties whose examples take no time."""
