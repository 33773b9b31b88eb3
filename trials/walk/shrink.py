"""Shortening a script that failed.

Hypothesis would give up here: what failed once need not fail each time, for servers and threads
are not deterministic to the last microsecond.
"""

from collections.abc import Awaitable, Callable

from trials.walk.scripts import Script
from trials.walk.steps import AtOnce

Fails = Callable[[Script], Awaitable[bool]]


async def shorten(script: Script, fails: Fails) -> Script:
    """Leave out what is not needed to fail: first large pieces, then single steps."""
    script = await _without_pieces(script, fails, largest=len(script) // 2)
    for place, step in reversed(list(enumerate(script))):
        if isinstance(step, AtOnce):
            in_turn = [*script[:place], *step.steps, *script[place + 1 :]]
            if await fails(in_turn):
                script = in_turn
    return await _without_pieces(script, fails, largest=1)


async def _without_pieces(script: Script, fails: Fails, largest: int) -> Script:
    size = largest
    while size:
        for start in reversed(range(0, len(script), size)):
            rest = [*script[:start], *script[start + size :]]
            if await fails(rest):
                script = rest
        size //= 2
    return script
