"""One gateway for the tests of a module; skipped where policies cannot be compiled."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from apim_policies.harness import compiler
from tests.local_stack.gateway.stack import GatewayStack, gateway_stack


@pytest.fixture(scope="session")
def mono() -> None:
    missing = compiler.missing_tools()
    if missing:
        pytest.skip(f"policies cannot be compiled here: {missing}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(mono: None) -> AsyncIterator[GatewayStack]:
    async with gateway_stack() as running:
        yield running
