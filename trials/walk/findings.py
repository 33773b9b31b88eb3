"""What came of some random walks."""

import textwrap
from collections import Counter
from dataclasses import dataclass, field

from domain.order import OrderStatus
from trials.walk.scripts import Script

WIDTH = 100


@dataclass
class Findings:
    """How many walks there were, what they reached, and the shortest script that failed.

    A walk is spoilt where the test server broke down under it: it says nothing.
    """

    walks: int = 0
    steps: int = 0
    spoilt: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    broke: str = ""
    script: Script | None = None

    def fail(self, broke: str, script: Script) -> None:
        """Keep a script that failed, if it is the shortest so far."""
        if self.script is None or len(repr(script)) < len(repr(self.script)):
            self.broke, self.script = broke, script

    def __str__(self) -> str:
        """Say in one line how it ended, and in some more what was reached and how often."""
        ends = Counter({str(end): self.reached[end] for end in OrderStatus if self.reached[end]})
        walks = f"{self.walks} walks ({self.spoilt} spoilt), {self.steps} steps"
        places = textwrap.wrap(
            _list(self.reached - ends), WIDTH, initial_indent="  ", subsequent_indent="  "
        )
        return "\n".join([f"{walks}, orders: {_list(ends)}", *places])

    def failure(self) -> str:
        """Return the shortest script that failed, as Python, under what it broke."""
        lines = "".join(f"    {step!r},\n" for step in self.script or ())
        return f"{self.broke}\n\n[\n{lines}]"


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
