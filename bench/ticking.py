"""Ticks at exact moments. A sleep of asyncio ends up to a millisecond late: as long as what is measured takes."""

import asyncio
import ctypes
import os
from collections.abc import AsyncGenerator
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_NANO: Final = 1_000_000_000


class _Times(ctypes.Structure):
    """`struct itimerspec`: the interval, then the first moment, each in seconds and nanoseconds."""

    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns")]


async def ticks(began: float, every: float) -> AsyncGenerator[int, None]:
    """Yield how many ticks came since the last time; the n-th comes at `began + n * every`.

    Moments are those of `perf_counter`, which on Linux is the clock of its timers (timerfd_create(2)).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    timer = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    if timer < 0:
        raise OSError(ctypes.get_errno(), "no timer")
    loop, ticked = asyncio.get_running_loop(), asyncio.Event()
    try:
        moments = (
            *divmod(round(every * _NANO), _NANO),
            *divmod(round((began + every) * _NANO), _NANO),
        )
        libc.timerfd_settime(timer, _ABSOLUTE, ctypes.byref(_Times(*moments)), None)
        loop.add_reader(timer, ticked.set)
        while True:
            await ticked.wait()
            ticked.clear()
            yield int.from_bytes(os.read(timer, 8), "little")
    finally:
        loop.remove_reader(timer)
        os.close(timer)
