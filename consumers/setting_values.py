"""What the text of a setting may be. Each reader raises ValueError with what was expected."""

import os
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from pricing_rules.verbs.options import PRICE_SOURCES


def paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part) for part in text.split(os.pathsep) if part)


PRICE_AGE_DAYS_MAX = 90
"""As in pricing_rules.price_sources.ages, too slow to import for a help page; a test compares."""


def price_sources(text: str) -> str:
    if not set(text.split(",")) <= set(PRICE_SOURCES):
        raise ValueError(f"expected some of {', '.join(PRICE_SOURCES)}, separated by commas")
    return text


SECONDS_MAX = 31_536_000
"""A year: longer waits are typing errors."""
NUMBER_MAX = 1_000_000
DAYS_MAX = 90
"""Event Hubs keeps no event longer."""


def seconds(text: str) -> float:
    try:
        seconds = Decimal(text)
        usable = Decimal("0.001") <= seconds <= SECONDS_MAX
    except ArithmeticError as error:
        raise ValueError("expected seconds") from error
    if not usable:
        raise ValueError(f"expected 0.001 to {SECONDS_MAX} seconds")
    return int(seconds * 1_000) / 1_000


def positive(text: str, number_max: int = NUMBER_MAX) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= number_max:
        raise ValueError(f"expected a whole number from 1 to {number_max}")
    return number


def up_to(number_max: int) -> Callable[[str], int]:
    return partial(positive, number_max=number_max)


def one_of(texts: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in texts:
            raise ValueError(f"expected {' or '.join(texts)}")
        return text

    return parse


def https_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme != "https" or not url.hostname:
        raise ValueError("expected https://HOST")
    return text


def host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", text):
        raise ValueError("expected a host name such as NAMESPACE.servicebus.windows.net")
    return text
