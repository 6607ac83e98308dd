"""A provider on a free port whose clock is moved by hand."""

import time
from collections.abc import AsyncIterator

import pytest

from local_stack.demo.azurite import free_port
from local_stack.identity.config import demo_config
from local_stack.identity.server import Provider, serving

UI_URL = "http://127.0.0.1:8501"


class HandClock:
    """Seconds since 1970."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def provider(clock: HandClock) -> AsyncIterator[Provider]:
    async with serving(demo_config(port=free_port(), ui_url=UI_URL), now=clock) as running:
        yield running
