"""What a replay found: as text for people, which names the first differences, and as JSON."""

from typing import Any

import msgspec

from consumers.replay.differences import WatchingPoster
from consumers.replay.replay import Tally
from consumers.rerating.diff_text import as_table
from pricing_rules.money import format_pico
from table_api.ledger.measures import MEASURE_AMOUNTS, Measures

DIFFERENCES_SHOWN_MAX = 20


def as_text(
    tally: Tally, watching: WatchingPoster, would_stage: dict[str, Any] | None, *, dry_run: bool
) -> str:
    """A line of counts, one for each difference and each thing that was not read, the report."""
    counts = ", ".join(f"{number} {name}" for name, number in sorted(tally.counts.items()))
    would = "would be: " if dry_run else ""
    lines = [f"{tally.events} events, {would}{counts or 'nothing'}, {len(watching.found)} differs"]
    for row, after, _ in watching.found[:DIFFERENCES_SHOWN_MAX]:
        amounts = f"{_shown(row.measures)} → {_shown(after.measures)}"
        lines.append(f"differs\t{row.partition}\t{row.entry_key}\t{amounts}")
    lines += [f"not compared\t{calls}" for calls in watching.not_compared]
    lines += [f"not read\t{finding}" for finding in tally.findings]
    return "\n".join([*lines, *([] if would_stage is None else [as_table(would_stage)])])


def as_json_text(tally: Tally, watching: WatchingPoster, would_stage: dict[str, Any] | None) -> str:
    """Everything. Amounts are decimals, in the currencies of the ledger."""
    fields = {
        "events": tally.events,
        "counts": dict(sorted(tally.counts.items())),
        "resumed": tally.resumed,
        "complete": tally.complete,
        "differs": [
            {
                "partition": row.partition,
                "entry_key": row.entry_key,
                "before": _shown(row.measures),
                "after": _shown(after.measures),
            }
            for row, after, _ in watching.found
        ],
        "not_compared": watching.not_compared,
        "not_read": tally.findings,
        "would_stage": would_stage,
    }
    return msgspec.json.format(msgspec.json.encode(fields), indent=2).decode()


def _shown(measures: Measures) -> dict[str, int | str]:
    return {
        name: format_pico(amount) if name in MEASURE_AMOUNTS else amount
        for name, amount in measures.items()
        if amount
    }
