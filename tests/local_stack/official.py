"""The official clients, each imported by the first test that uses it: that takes over a second, and
every worker collects all tests.
"""

from typing import Any

import pytest


class Official:
    """A client's package. A test that uses it is skipped where it is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        reason = f"the {self._package} client is not installed"
        return getattr(pytest.importorskip(self._package, reason=reason), name)


openai, anthropic = Official("openai"), Official("anthropic")
