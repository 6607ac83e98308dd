"""The stand-in for models on a free port, inside the test's own loop."""

from collections.abc import AsyncIterator

import pytest

from local_stack.model.server import serving


@pytest.fixture
async def model_url() -> AsyncIterator[str]:
    async with serving() as port:
        yield f"http://127.0.0.1:{port}"
