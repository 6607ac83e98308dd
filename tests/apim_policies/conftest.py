"""Policies compiled once per module and set of named values; skipped where mono is missing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from apim_policies.check import read_named_values
from apim_policies.harness import compiler
from apim_policies.harness.call import Gateway
from apim_policies.harness.policies import Policies
from tests.paths import ROOT

FOLDER = ROOT / "apim_policies"
GATEWAY = Gateway(
    service="apim-contoso", api_id="llm", api_path="llm", backend_url="https://model.example/"
)

Load = Callable[[Mapping[str, str]], Awaitable[Policies]]


@pytest.fixture(scope="session")
def mono() -> None:
    missing = compiler.missing_tools()
    if missing:
        pytest.skip(f"policies cannot be compiled here: {missing}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def load(mono: None) -> AsyncIterator[Load]:
    """The folder's policies with some named values changed; the same values share one engine."""
    loaded: dict[frozenset[tuple[str, str]], Policies] = {}
    async with AsyncExitStack() as stack:

        async def load_policies(changes: Mapping[str, str]) -> Policies:
            key = frozenset(changes.items())
            if key not in loaded:
                values = {**read_named_values(FOLDER), **changes}
                policies = await Policies.load(FOLDER, values, gateway=GATEWAY)
                loaded[key] = await stack.enter_async_context(policies)
            return loaded[key]

        yield load_policies
