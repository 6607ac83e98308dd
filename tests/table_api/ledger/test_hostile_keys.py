"""Whatever a text holds, it stays in its part of a key: no other row, filter or blob.

`test_keys` has the ledger's own keys; here are those of every other table, and the filter itself.
"""

import contextlib
import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from consumers.dead_letters.letter_store import make_letter
from consumers.receiving.handler import Received
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from pricing_rules.decoding.usage_event import decode
from pricing_rules.types import UsageEvent
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.consumer_state.progress import Progress, ProgressTable
from table_api.consumer_state.replay_positions import ReplayPositions
from table_api.errors import Altered
from table_api.invoicing.errors import BadMonth
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import File, Manifest, decode_manifest, encode_manifest
from table_api.ledger.keys import call_key, cell_key, partition_key
from table_api.ledger.posting import line_hash
from table_api.monthly.projected_day import monthly_key
from table_api.open_calls.keys import (
    call_partition,
    call_rows,
    decision_key,
    done_key,
    done_number,
    fact_key,
    hour_key,
    hour_partition,
)
from table_api.people.people import People, Person
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME, make_body
from tests.fixtures.calls import NOW, all_rows

DAY = date(2026, 11, 20)
KEY = re.compile(r"[A-Za-z0-9@._+=|-]{0,512}", re.ASCII).fullmatch
"""All that a key may hold: nothing that Table Storage refuses, and no quote."""
MEAN = [
    "' or '1' eq '1", "a|b", "a/b", "a\\b", "a#b", "a?b", "100%", "%27", "=27", "=h", "\x00",
    "\x1f", "\u202e", "ａ", "а", "é", "e\u0301", "\ud800", "~", "!", "x" * 2_000, "ü" * 151,
    "../..", "", "o'brien", "*", "&", "a\r\nIf-Match: *", "$filter",
]  # fmt: skip
hostile = st.one_of(
    st.sampled_from(MEAN),
    st.text(max_size=40),
    st.text(alphabet="'|/\\#?%=~!\x00\r\n\ud800é", max_size=12),
)
TIME = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

MADE_OF_ONE_TEXT: dict[str, Callable[[str], str]] = {
    "call, id": lambda text: call_key("s", DAY, TIME, text),
    "call, subject": lambda text: call_key(text, DAY, TIME, "id"),
    "cell, subject": lambda text: cell_key(text, DAY, "m", "0" * 12),
    "cell, model": lambda text: cell_key("s", DAY, text, "0" * 12),
    "fact": lambda text: fact_key(text, "r0"),
    "decision": lambda text: decision_key(text, 1),
    "done": lambda text: done_key(text, 1),
    "index of an hour": lambda text: hour_key(TIME, fact_key(text, "r0")),
    "month, subject": lambda text: monthly_key(cell_key(text, DAY, "m", "0" * 12))[0],
    "month, model": lambda text: monthly_key(cell_key("s", DAY, text, "0" * 12))[0],
}


def same(left: str, right: str) -> bool:
    return unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)


@pytest.mark.parametrize("make", MADE_OF_ONE_TEXT.values(), ids=MADE_OF_ONE_TEXT)
@given(left=hostile, right=hostile)
def test_a_text_stays_in_its_part_and_collides_with_no_other(
    make: Callable[[str], str], left: str, right: str
) -> None:
    key, plain = make(left), make("plain")
    assert KEY(key)
    assert key.count("|") == plain.count("|")
    assert (key == make(right)) is same(left, right)


@given(hostile, hostile, hostile, hostile)
def test_two_texts_in_one_key_are_never_taken_for_two_others(
    subject: str, model: str, other: str, another: str
) -> None:
    keys = [cell_key(*pair, "0" * 12) for pair in ((subject, DAY, model), (other, DAY, another))]
    assert (keys[0] == keys[1]) is (same(subject, other) and same(model, another))


@given(hostile)
def test_partitions_are_of_a_fixed_form(text: str) -> None:
    assert re.fullmatch(r"202611\|\d\d", partition_key(DAY, text, 16))
    assert re.fullmatch(r"c\|\d\d", call_partition(text))
    assert re.fullmatch(r"a\|2026112009\|\d", hour_partition(TIME, text))


@given(hostile, hostile)
def test_the_rows_of_one_open_call_are_no_other_calls(call: str, other: str) -> None:
    span = call_rows(call)
    for key in (fact_key(other, "r0"), decision_key(other, 7), done_key(other, 7)):
        assert (span.start <= key < span.stop) is same(call, other)
    assert done_number(done_key(call, 7)) == 7
    assert done_number(decision_key(call, 7)) is None


@given(st.lists(st.sampled_from(["", "a", "b", "a=1Fb", " "]), min_size=3, max_size=3))
def test_the_values_of_a_line_do_not_run_together(line: list[str]) -> None:
    """They are joined by U+001F, which the decoder lets into none of them."""
    event = decode(make_body(deployment="a\x1fb", region="a\x1fb"), enqueued_time=ENQUEUED_TIME)
    assert isinstance(event, UsageEvent)
    assert "\x1f" not in f"{event.deployment}{event.region}"
    assert line_hash(tuple(line)) != line_hash((*line[:2], line[2] + "x"))
    moved = (line[0] + line[1], "", line[2])
    assert (line_hash(tuple(line)) == line_hash(moved)) is (tuple(line) == moved)


@given(hostile, hostile)
async def test_people_progress_and_letters_keep_their_rows_apart(left: str, right: str) -> None:
    storage = MemoryTableStorage()
    # A half surrogate reaches no column: no UTF-8 has one, and the decoders refuse it.
    left, right = (text.encode("utf-8", "replace").decode() for text in (left, right))
    for text in (left, right):
        await _write_everywhere(storage, unicodedata.normalize("NFC", text))
    apart = 1 if same(left, right) else 2
    for table in ("people", "progress", "deadletters", "replays"):
        rows = await all_rows(storage, table)
        assert len(rows) == apart, table
        assert all(KEY(part) for key in rows for part in key)
    erased = await People(storage, now=lambda: NOW).erase(unicodedata.normalize("NFC", left))
    assert erased == 1


async def _write_everywhere(storage: MemoryTableStorage, text: str) -> None:
    person = Person(subject=text, display_name="n", cost_centre=None, valid_from=DAY)
    await People(storage, now=lambda: NOW).save([person])
    progress = ProgressTable(storage)
    await progress.create()
    at = Progress(
        hub=text, group=text, partition=text, hub_created_at=NOW, sequence_number=1,
        enqueued_time=None, recorded_at=NOW, counts={},
    )  # fmt: skip
    standing = await progress.read(text, text, text)
    await progress.write(at, standing.etag if standing else None)
    invalid = InvalidEvent(
        code=InvalidCode.BAD_CHARACTER, field=text, value=text, message=text, event_id=text
    )
    received = Received(1, "", CALL_TIME, b"body")
    letter = make_letter(text, text[:50], received, invalid=invalid, recorded_at=NOW)
    index = DeadLetterIndex(storage, text)
    await index.create()
    await index.add([letter.entry])
    assert await index.get(letter.entry.id) is not None
    replay = ReplayPositions(storage, "0123456789abcdef")
    await replay.load()
    await replay.save(text, text)


@pytest.mark.parametrize("text", MEAN)
async def test_a_filter_reads_back_as_the_texts_it_was_made_of(text: str) -> None:
    """As a server reads it: what is between quotes is text, and nothing else is there."""
    text = text.encode("utf-8", "replace").decode()
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(parse_qs(urlsplit(request.raw_path).query)["$filter"][0])
        return web.json_response({"value": []})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server, _storage(f"{server.make_url('/a')}") as storage:
        assert [page async for page in storage.query("t", text, KeyRange(text, "~"))] == [[]]
    literal = r"'((?:[^']|'')*)'"
    found = re.fullmatch(
        rf"PartitionKey eq {literal} and RowKey ge {literal} and RowKey lt {literal}",
        asked[0],
        re.DOTALL,
    )
    assert found is not None
    assert [each.replace("''", "'") for each in found.groups()] == [text, text, "~"]


@contextlib.asynccontextmanager
async def _storage(endpoint: str) -> AsyncIterator[AzureTableStorage]:
    text = f"AccountName=a;AccountKey=YQ==;TableEndpoint={endpoint}"
    storage = AzureTableStorage.from_connection_string(text)
    try:
        yield storage
    finally:
        await storage.close()


@given(hostile)
def test_a_month_in_a_blob_name_is_a_month(text: str) -> None:
    try:
        month = BillingMonth.parse(text)
    except BadMonth:
        return
    assert re.fullmatch(r"\d{6}", month.key)


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x", "/etc/x.json", "invoices/../../x.json", "invoices/a/b.json", "x.json",
     "C:\\x.json", "invoices/..json", "invoices/a.json\n", "focus/a\x00.csv", "snapshot.json"],
)  # fmt: skip
def test_a_manifest_that_names_files_elsewhere_is_altered(name: str) -> None:
    """`invoice export` makes paths of these names."""
    with pytest.raises(Altered, match="which no close has written"):
        decode_manifest(manifest_with(name), "202611/manifest.json")


def test_a_manifest_names_files_of_its_month() -> None:
    for name in ("invoices/INV-000017.json", "focus/cost_and_usage.csv"):
        assert decode_manifest(manifest_with(name), "m").files[0].name == name


def manifest_with(file: str) -> bytes:
    return encode_manifest(
        Manifest(
            month="2026-11",
            snapshot_sha256="",
            issued_at="",
            currency="USD",
            amount="0",
            amount_unrounded="0",
            invoices=(),
            statements=(),
            files=(File(name=file, content_type="text/csv", bytes=0, sha256=""),),
        )
    )
