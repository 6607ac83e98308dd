"""One usage object with what the call really took, and what that costs. Imports no product."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

PRICES = {
    "input": Fraction(2),
    "cache_read": Fraction(1, 2),
    "cache_write_5m": Fraction(5, 2),
    "cache_write_1h": Fraction(4),
    "output": Fraction(8),
    "input_audio": Fraction(40),
    "cache_read_audio": Fraction(20),
    "output_audio": Fraction(80),
    "input_image": Fraction(5),
    "cache_read_image": Fraction(1),
    "output_image": Fraction(32),
    "audio_ms": Fraction(100),
    "web_search": Fraction(10_000),
}
"""USD per million of each unit, in the book that the cases are rated with."""

PRICED, UNPRICED, NOT_PRICED, NOTHING = "priced", "unpriced", "not priced", "nothing"
"""What must become of a case. `not priced`: a dead letter will do as well. `nothing`: no usage."""


@dataclass
class Case:
    """One usage object."""

    form: str
    operation: str
    usage: dict[str, Any]
    quantities: dict[str, int]
    """What the call really took."""
    verdict: str = PRICED
    operators: list[str] = field(default_factory=list)

    @property
    def cost(self) -> Fraction:
        """USD."""
        return (
            sum(
                (PRICES[unit] * quantity for unit, quantity in self.quantities.items()), Fraction(0)
            )
            / 1_000_000
        )
