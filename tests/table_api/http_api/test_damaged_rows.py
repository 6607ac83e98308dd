"""A row that somebody has damaged is named to whoever sees everybody, and in the log."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence

import httpx
import pytest

from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.http_api.app import create_app
from table_api.http_api.conventions.problems import UNNAMED_ROW
from table_api.people.regroupings import Regrouping, Regroupings
from table_api.storage.keys import EVERY_ROW
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Merge, Replace, Row, TableStorage, Value, etag_of
from tests.fixtures.calls import NOW
from tests.fixtures.office import BEN, Office, issuer_of_office, open_office
from tests.table_api.http_api.asking import post
from tests.table_api.invoicing.closing.test_missing_events import add, letter

OLD_DAY = "/v1/calls?from=2026-11-20&to=2026-11-21"
LISTS = ("/v1/usage", "/v1/usage?group_by=subject", "/v1/subjects", OLD_DAY)
OF_A = ("/v1/subjects/a/usage", "/v1/subjects/a/calls", "/v1/subjects/a/calls?order=newest")
PRODUCTS = "/v1/usage?group_by=product"
COMPLETENESS = "/v1/completeness?from=2026-11-20&to=2026-11-21"
WHOLE = (*LISTS, *OF_A, PRODUCTS, COMPLETENESS, "/v1/subjects/b/usage", "/v1/subjects/b/calls")
BAD: list[tuple[str, str, Mapping[str, Value], set[str]]] = [
    ("monthly", "a|", {"d20": "x"}, {"/v1/usage", OLD_DAY, PRODUCTS}),
    ("monthly", "a|", {"d20": "1,x"}, {"/v1/usage", OLD_DAY, PRODUCTS}),
    ("monthly", "a|", {"total": "x"}, {"/v1/usage?group_by=subject", "/v1/subjects"}),
    ("ledger", "d|a|", {"calls": "x"}, {OF_A[0], OF_A[2], COMPLETENESS}),
    ("ledger", "d|a|", {"day": "x"}, {OF_A[0], OF_A[2], COMPLETENESS}),
    ("ledger", "c|a|", {"status": "x"}, {*OF_A[1:], OLD_DAY}),
    ("ledger", "c|a|", {"state": "odd"}, {*OF_A[1:], OLD_DAY}),
    ("ledger", "c|a|", {"time": "x"}, {*OF_A[1:], OLD_DAY}),
    ("ledger", "c|a|", {"adjustments": "x"}, {*OF_A[1:], OLD_DAY}),
    ("ledger", "c|a|", {"charge": "x"}, {*OF_A[1:], OLD_DAY, PRODUCTS}),
]


async def damage(
    storage: TableStorage, table: str, prefix: str, columns: Mapping[str, Value]
) -> Row:
    """Change the first row whose key begins so; the row."""
    async for partition in storage.partitions(table):
        async for page in storage.query(table, partition, EVERY_ROW):
            for row in page:
                if str(row["RowKey"]).startswith(prefix):
                    change = Merge(str(row["RowKey"]), columns, etag_of(row))
                    await storage.transact(table, partition, [change])
                    return row
    raise AssertionError(f"{table} has no row {prefix}")


@pytest.mark.parametrize(("table", "prefix", "columns", "broken"), BAD)
async def test_a_damaged_row_is_named_and_other_questions_are_answered(
    table: str,
    prefix: str,
    columns: Mapping[str, Value],
    broken: set[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = MemoryTableStorage()
    await post(storage, "a", "b", "a")
    row = await damage(storage, table, prefix, columns)
    named = f"row {table} {row['PartitionKey']} {row['RowKey']} cannot be read: "
    transport = httpx.ASGITransport(create_app(storage, MemoryBlobStore(), now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        for url in WHOLE:
            caplog.clear()
            answer = await api.get(url)
            assert answer.status_code == (500 if url in broken else 200), (url, answer.text)
            if url in broken:
                problem = answer.json()
                assert problem["type"] == "urn:problem:altered", url
                assert problem["detail"].startswith(named), url
                [said] = [each for each in caplog.records if each.levelno == logging.ERROR]
                assert said.getMessage() == problem["detail"]


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize(
    ("name", "urls"),
    [
        (
            "subject",
            ("/v1/usage?group_by=subject", "/v1/usage?group_by=subject,day", "/v1/subjects"),
        ),
        (
            "model",
            ("/v1/usage?group_by=model", "/v1/usage?group_by=model,day", "/v1/subjects?model=m"),
        ),
    ],
)
async def test_sums_of_a_row_that_has_lost_its_name_are_nobodys(
    name: str, urls: Sequence[str], is_empty: bool
) -> None:
    storage = MemoryTableStorage()
    await post(storage, "a", "b", "a")
    row = await damage(storage, "monthly", "a|", {})
    place = str(row["PartitionKey"]), str(row["RowKey"])
    standing = await storage.get("monthly", *place)
    assert standing is not None
    left_out = {"PartitionKey", "RowKey", "Timestamp", name}
    kept = {column: value for column, value in standing.items() if column not in left_out}
    if is_empty:
        kept[name] = ""
    change = Replace(place[1], kept, etag_of(standing))
    await storage.transact("monthly", place[0], [change])
    transport = httpx.ASGITransport(create_app(storage, MemoryBlobStore(), now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        for url in urls:
            for _ in range(3):  # the second time it is kept, the third brought up
                problem = (await api.get(url)).json()
                assert problem["type"] == "urn:problem:altered", (url, problem)
                assert problem["detail"].startswith(f"row monthly {' '.join(place)} ")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def test_a_damaged_row_is_not_named_to_who_sees_only_their_own(office: Office) -> None:
    storage = office.storage
    assert isinstance(storage, MemoryTableStorage)
    row = await damage(storage, "monthly", "", {"d05": "x", "d20": "x", "total": "x"})
    asked = {"from": "2026-10-01", "to": "2027-01-01", "group_by": "subject,day"}
    async with office.client("reader") as api:
        told = (await api.get("/v1/usage", params=asked)).json()
    assert told["detail"].startswith(f"row monthly {row['PartitionKey']} {row['RowKey']} ")
    await damage(storage, "ledger", f"c|{BEN}|", {"status": "x"})
    async with office.client("employee") as api:
        answer = await api.get("/v1/calls", params={"from": "2026-10-01", "to": "2027-01-01"})
    problem = answer.json()
    assert (problem["type"], problem["detail"]) == ("urn:problem:altered", UNNAMED_ROW)


SMALL: list[tuple[str, str, Mapping[str, Value], str]] = [
    ("accesslog", "", {"at": "x"}, "/v1/access-log"),
    ("accesslog", "", {"subjects": "{"}, "/v1/access-log"),
    ("people", "0", {"charge": "x"}, "/v1/regroupings"),
    ("people", "0", {"first_day": "x"}, "/v1/regroupings"),
    ("reratings", "RUN", {"staged_at": "x"}, "/v1/reratings"),
    ("reratings", "RUN", {"calls": "x"}, "/v1/reratings/RUN"),
]


@pytest.mark.parametrize(("table", "prefix", "columns", "url"), SMALL)
async def test_a_damaged_row_of_a_small_table_is_named(
    office: Office, table: str, prefix: str, columns: Mapping[str, Value], url: str
) -> None:
    storage = office.storage
    assert isinstance(storage, MemoryTableStorage)
    await add(storage, [letter(1, NOW, DEFAULT_GROUPS.usage_hub)])
    moved = Regrouping(
        subject=BEN, first_day=NOW.date(), last_day=NOW.date(),
        before="A", after="B", calls=1, charge=5,
    )  # fmt: skip
    await Regroupings(storage).add([moved], at=NOW)
    async with office.client("admin") as api:
        [run] = (await api.get("/v1/reratings")).json()["data"]
        await api.get("/v1/people")  # a look that is recorded
        url = url.replace("RUN", run["run"])
        assert (await api.get(url)).status_code == 200
        row = await damage(storage, table, prefix.replace("RUN", run["run"]), columns)
        answer = await api.get(url)
    problem = answer.json()
    assert problem["type"] == "urn:problem:altered"
    place = f"row {table} {row['PartitionKey']} {row['RowKey']} cannot be read: "
    assert problem["detail"].startswith(place)


async def test_a_damaged_dead_letter_is_listed_as_open_with_what_is_left_of_it(
    office: Office,
) -> None:
    """Its bytes are in a blob, so it can be redriven as any other."""
    storage = office.storage
    assert isinstance(storage, MemoryTableStorage)
    await add(storage, [letter(1, NOW, DEFAULT_GROUPS.usage_hub)])
    row = await damage(storage, "deadletters", "", {"state": "odd", "enqueued_time": "x"})
    async with office.client("admin") as api:
        assert (await api.get("/v1/metering")).json()["dead_letters_open"] == 1
        for url in ("/v1/completeness", "/v1/invoices/preview"):
            assert (await api.get(url)).status_code == 200
        [listed] = (await api.get("/v1/dead-letters")).json()["data"]
    assert listed["id"] == row["RowKey"]
    assert listed["message"].startswith("its row in the index cannot be read: ")


async def test_a_part_of_a_report_that_is_gone_is_named(office: Office) -> None:
    storage = office.storage
    assert isinstance(storage, MemoryTableStorage)
    async with office.client("admin") as api:
        [run] = (await api.get("/v1/reratings")).json()["data"]
        key = f"report|{0:06d}"
        row = await storage.get("reratings", run["run"], key)
        assert row is not None
        await storage.transact("reratings", run["run"], [Replace(key, {"odd": 1}, etag_of(row))])
        problem = (await api.get(f"/v1/reratings/{run['run']}")).json()
    assert problem["detail"].startswith(f"row reratings {run['run']} {key} cannot be read: ")
