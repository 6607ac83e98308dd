"""What several folders' tests share: one Azurite a session; tests keep apart by table names."""

import gc
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from hypothesis import settings

from local_stack.demo import azurite as azurite_process
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.fixtures.calls import PrefixedStorage

LONGEST_FIRST = (
    "local_stack/demo/test_demo.py",
    "consumers/pairing/test_pair.py",
    "ui/signed_in/",
    "ui/test_walk.py",
    "local_stack/gateway/test_all_counted.py",
    "benchmarks/test_faults.py",
    "consumers/metering/test_run.py",
    "consumers/metering/test_crash.py",
    "consumers/rerating/test_verbs.py",
    "consumers/backup/",
    "table_api/invoicing/verification/",
)
"""Files whose tests wait for processes and browsers. Begun last, one of them would run alone."""

YOUNG_OBJECTS_MAX = 50_000
"""Objects between two looks of the garbage collector. With Python's 700 it looks through what ten
thousand tests need, time and again."""

# How long one example takes says how busy the machine is, and nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all others in their order."""
    items.sort(key=_place)


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end, and is not looked at for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    found = (place for place, name in enumerate(LONGEST_FIRST) if f"/tests/{name}" in path)
    return next(found, len(LONGEST_FIRST))


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


@pytest.fixture(params=["memory", "azurite"])
async def either_storage(request: pytest.FixtureRequest) -> AsyncIterator[TableStorage]:
    """An empty storage: the twin in memory, then Azurite."""
    if request.param == "memory":
        yield MemoryTableStorage()
        return
    ports = request.getfixturevalue("azurite")
    account = AzureTableStorage.from_connection_string(ports.connection_string)
    yield PrefixedStorage(account, f"t{uuid4().hex}")
    await account.close()
