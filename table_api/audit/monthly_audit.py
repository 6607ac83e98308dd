"""The audit of `monthly`: each day of each row against the cells that it stands on, live.

It shares no code with the writer. A row is read before its cells, and these from every shard of
the month, also where none was when the audit began. So a cell is never older than
what the row says of it: at equal revisions the amounts must be equal, at a lower one the row is
behind, and at a higher one it is not of this ledger. What does not fit is read once more alone.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from table_api.storage.keys import EVERY_ROW, KeyRange, starting_with
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import Row, TableStorage

CELL_ROWS = KeyRange("d|", "d|~")
BEHIND_S_MAX = 900
"""How long a row may be behind its cells: writers project when they save, every few seconds, and
what a crash left behind is mended by the redelivery of its events."""

_ORDER = (
    "calls", "charge", "contracted", "list", "q_input", "q_output", "q_cache_read", "errors",
    "no_usage", "unpriced", "billed", "q_cache_write_5m", "q_cache_write_1h", "q_reasoning",
    "q_input_audio", "q_cache_read_audio", "q_output_audio", "q_input_image",
    "q_cache_read_image", "q_output_image", "q_audio_ms", "q_image", "q_web_search", "q_request",
    "excluding", "q_page",
    "q_video_second", "q_character", "q_rerank_search", "q_code_session", "q_router_input",
    "pending", "q_file_search", "failed",
)  # fmt: skip

Days = dict[int, dict[str, Row]]
"""The cells of a row by day and line."""


@dataclass(slots=True)
class MonthlyFindings:
    """What does not fit."""

    behind: int = 0
    """Rows that writers have not brought up to their cells yet."""
    problems: list[str] = field(default_factory=list)


async def audit_monthly(
    storage: TableStorage, *, now: datetime, shards: int | None
) -> MonthlyFindings:
    """Compare all of it, unless it waits to be rebuilt. Memory: a month's rows and cells.

    `shards` is None where `meta` does not say it: then only the partitions listed first are read.
    """
    settings = await storage.get("meta", "ledger", "settings")
    if settings is not None and not settings.get("has_monthly"):
        return MonthlyFindings()  # nobody is answered from it
    partitions = [partition async for partition in storage.partitions("ledger")]
    months = {partition[:6] for partition in partitions}
    months |= {month async for month in storage.partitions("monthly")}
    findings = MonthlyFindings()
    for month in sorted(months):
        listed = [partition for partition in partitions if partition[:6] == month]
        shards_of_month = [f"{month}|{shard:02d}" for shard in range(shards or 0)]
        of_month = sorted({*listed, *shards_of_month})
        await _audit_month(storage, month, of_month, findings, now)
    return findings


async def _audit_month(
    storage: TableStorage,
    month: str,
    partitions: list[str],
    findings: MonthlyFindings,
    now: datetime,
) -> None:
    rows: dict[str, Row] = {}
    async for page in storage.query("monthly", month, EVERY_ROW):
        rows.update((str(row["RowKey"]), row) for row in page)
    cells: dict[str, Days] = defaultdict(dict)
    home: dict[str, str] = {}
    for partition in partitions:
        async for page in storage.query("ledger", partition, CELL_ROWS):
            for cell in page:
                if key := _add(cells, cell):
                    home[key] = partition
    for key in sorted({*rows, *cells}):
        if _judged(rows.get(key), cells.get(key, {})) == (None, []):
            continue
        row = await storage.get("monthly", month, key)
        cells_now = await _cells_of(storage, home[key], key) if key in home else {}
        behind_since, problems = _judged(row, cells_now)
        findings.problems += [f"monthly {month} {key} {problem}" for problem in problems]
        if behind_since is not None:
            findings.behind += 1
            if now - behind_since > timedelta(seconds=BEHIND_S_MAX):
                since = f"{behind_since:%Y-%m-%d %H:%M} UTC"
                findings.problems.append(f"monthly {month} {key} is behind its cells of {since}")


async def _cells_of(storage: TableStorage, partition: str, key: str) -> Days:
    """The cells of one row as they stand."""
    cells: dict[str, Days] = defaultdict(dict)
    of_subject = starting_with(f"d|{key.split('|', maxsplit=1)[0]}|")
    async for page in storage.query("ledger", partition, of_subject):
        for cell in page:
            _add(cells, cell)
    return cells.get(key, {})


def _add(cells: dict[str, Days], cell: Row) -> str | None:
    """The RowKey of the cell's row; None for a key of no cell, which the ledger's audit names."""
    match str(cell["RowKey"]).split("|"):
        case [_, subject, day, model, line] if day.isdecimal():
            key = f"{subject}|{model}"
            cells[key].setdefault(int(day), {})[line] = cell
            return key
    return None


def _judged(row: Row | None, days: Days) -> tuple[datetime | None, list[str]]:
    """What `_says`; a row or a cell that cannot be read is one of the things that are wrong."""
    try:
        return _says(row, days)
    except UNREADABLE as error:
        return None, [f"cannot be compared with its cells: {error!r}"]


def _says(row: Row | None, days: Days) -> tuple[datetime | None, list[str]]:
    """When the oldest cell was written that the row is behind, and what is wrong with it."""
    problems = [] if row is None else _misnamed(row, days)
    row = row or {"total": "", "active": "0"}
    behind: list[datetime] = []
    total: Counter[str] = Counter()
    active = 0
    for day in range(1, 32):
        cells = days.get(day, {})
        if not cells and f"d{day:02d}" not in row and f"r{day:02d}" not in row:
            continue  # nothing to compare, as on most days of most rows
        amounts = _amounts(row.get(f"d{day:02d}", ""))
        total.update(amounts)
        active |= (amounts["calls"] != 0) << day
        problems += _of_day(row, day, cells, behind)
    stated = _amounts(row["total"])
    if any(stated[name] != total[name] for name in _ORDER):
        problems.append("states another total than its days add to")
    if int(row["active"]) != active:
        problems.append("names other days with calls than it has")
    return min(behind, default=None), problems


def _misnamed(row: Row, days: Days) -> list[str]:
    """Lists group by these columns, and not by the key."""
    cells = [cell for of_day in days.values() for cell in of_day.values()]
    return [
        f"names {name} {row.get(name)!r}, its cells say {cells[0][name]!r}"
        for name in ("subject", "model")
        if cells and row.get(name) != cells[0][name]
    ]


def _of_day(row: Row, day: int, cells: Mapping[str, Row], behind: list[datetime]) -> list[str]:
    pairs = [pair.split(":") for pair in str(row.get(f"r{day:02d}", "")).split(",") if pair]
    revs = {line: int(rev) for line, rev in pairs}
    ahead = [line for line, rev in revs.items() if line not in cells or rev > _rev(cells[line])]
    if ahead:
        return [f"day {day} is ahead of the ledger in lines {ahead[:5]}"]
    late = [cell for line, cell in cells.items() if _rev(cell) > revs.get(line, 0)]
    if late:
        behind.extend(datetime.fromisoformat(str(cell["Timestamp"])) for cell in late)
        return []
    stated, summed = _amounts(row.get(f"d{day:02d}", "")), Counter[str]()
    for cell in cells.values():
        summed.update({name: int(cell[name]) for name in _ORDER if name in cell})
    return [
        f"day {day} states {name} = {stated[name]}, its cells add to {summed[name]}"
        for name in _ORDER
        if stated[name] != summed[name]
    ]


def _rev(cell: Row) -> int:
    return int(cell["rev"])


def _amounts(text: object) -> Counter[str]:
    numbers = [int(number) for number in str(text).split(",") if number]
    return Counter(dict(zip(_ORDER, numbers, strict=False)))
