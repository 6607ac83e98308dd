"""A stand-in in memory, for each test its own."""

from collections.abc import AsyncIterator

import pytest

from local_stack.insights.server import Served, serving


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found
