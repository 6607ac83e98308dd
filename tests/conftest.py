"""What several folders' tests share: one Azurite a session; tests keep apart by table names."""

from collections.abc import Iterator

import pytest

from local_stack import azurite as azurite_process


@pytest.fixture(scope="session")
def azurite() -> Iterator[azurite_process.AzuritePorts]:
    """Blob and Table Storage in memory. Skips where the npm packages are not installed."""
    try:
        with azurite_process.running() as ports:
            yield ports
    except azurite_process.AzuriteError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def own_azurite() -> Iterator[azurite_process.AzuritePorts]:
    """One of a module's own, for what reads and writes the tables under their real names."""
    try:
        with azurite_process.running() as ports:
            yield ports
    except azurite_process.AzuriteError as error:
        pytest.skip(str(error))
