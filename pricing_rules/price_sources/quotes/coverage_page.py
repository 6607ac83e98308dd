"""What of others' quotes for Azure we price, as text: docs/price_differences.md repeats it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from pricing_rules.price_sources.proposals import per_million
from pricing_rules.price_sources.quotes.coverage import Covered, Difference, Status

FAMILIES = (
    ("gpt-3", "gpt-3.5"), ("gpt-4", "gpt-4"), ("gpt-5", "gpt-5"), ("gpt-6", "gpt-6"),
    ("o1", "o series"), ("o3", "o series"), ("o4", "o series"), ("gpt-", "OpenAI, other"),
    ("text-embedding", "OpenAI, other"), ("codex", "OpenAI, other"), ("claude", "Anthropic"),
    ("fw-", "Fireworks"), ("deepseek", "DeepSeek"), ("grok", "xAI"), ("kimi", "Moonshot"),
    ("phi", "Microsoft"), ("mai-", "Microsoft"), ("llama", "Meta"), ("meta-llama", "Meta"),
    ("mistral", "Mistral"), ("ministral", "Mistral"), ("codestral", "Mistral"),
    ("cohere", "Cohere"), ("command", "Cohere"), ("embed-v", "Cohere"),
)  # fmt: skip
"""Family by the beginning of a model's name in lower case; any other is "other"."""
TEXT = ("chat", "responses", "embedding")
NAMED_MAX = 4


class Reason(StrEnum):
    """Why our price is another one than a quote's. A closed list."""

    OTHER_PLACE = "the quote has the Data Zone or regional price under a name without a place"
    OLDER_ROWS = "Azure's rows are of 2025-08-25 and the quote is newer: fetch today's rows"
    ONE_UNIT = "the quote repeats Global's price for this unit; Azure's own row has another"
    BETTER_SOURCE = "two entries of the map differ: ours is of the one with the better source"
    VENDOR = "the vendor's own list says otherwise"


REASONS = {
    "azure.claude-sonnet-5-5.GlobalStandard.2026-01-01": Reason.VENDOR,
    "azure.code-session.2024-06-01": Reason.OTHER_PLACE,
    "azure.gpt-4.turbo-2024-04-09.GlobalStandard.2024-06-01": Reason.OTHER_PLACE,
    "azure.gpt-4o-realtime-preview.2024-12-17.DataZoneStandard.2025-01-01": Reason.ONE_UNIT,
    "azure.grok-4.GlobalStandard.2025-07-01": Reason.OLDER_ROWS,
    "azure.text-embedding-3-large.GlobalStandard.2024-06-01": Reason.OTHER_PLACE,
    "azure.text-embedding-3-small.GlobalStandard.2024-06-01": Reason.OTHER_PLACE,
    "azure.text-embedding-ada-002.GlobalStandard.2024-06-01": Reason.OTHER_PLACE,
    "reported.azure.gpt-5.5.GlobalStandard.priority.2026-04-23": Reason.BETTER_SOURCE,
    "reported.azure.mistral-large-latest.GlobalStandard.2026-11-29": Reason.BETTER_SOURCE,
}
"""By the rule that has our price. A difference without a reason is shown as NEW."""


def coverage_text(sources: Sequence[tuple[str, Sequence[Covered]]]) -> str:
    """The tables of the page. `sources`: a name and its entries."""
    entries = [entry for _, of_source in sources for entry in of_source]
    lines = [*_counts(sources), "", *_differences(entries), ""]
    lines += _reasons("unpriced because", (e for e in entries if e.status is Status.UNPRICED))
    lines += ["", *_reasons("not priced", (e for e in entries if e.status is Status.IN_PART))]
    return "\n".join(lines)


def covered_fields(entry: Covered) -> dict[str, object]:
    """One entry for programs; prices are decimals for a million."""
    return {
        "key": entry.key,
        "mode": entry.mode,
        "family": family_of(entry.key),
        "status": entry.status,
        "from_azures_own_rows": entry.own,
        "reason": entry.reason or None,
        "differences": [
            {
                "rule": each.rule_id,
                "service_tier": each.service_tier,
                "unit": each.unit,
                "above_prompt_tokens": each.above,
                "ours": per_million(each.ours),
                "theirs": per_million(each.theirs),
                "reason": REASONS.get(each.rule_id),
            }
            for each in entry.differences
        ],
    }


def family_of(key: str) -> str:
    name = key.rpartition("/")[2].lower()
    return next((family for start, family in FAMILIES if name.startswith(start)), "other")


def differing_rules(entries: Iterable[Covered]) -> dict[str, list[tuple[Covered, Difference]]]:
    """Our rules that have another price than a quote, with the entries that say so."""
    rules: dict[str, list[tuple[Covered, Difference]]] = defaultdict(list)
    for entry in entries:
        for difference in entry.differences:
            rules[difference.rule_id].append((entry, difference))
    return dict(sorted(rules.items()))


def _counts(sources: Sequence[tuple[str, Sequence[Covered]]]) -> list[str]:
    lines = [
        "| source | mode | family | entries | priced | equal, Azure's own rows | equal, reported | "
        "in part | different | unpriced |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for source, entries in sources:
        rows = sorted({(entry.mode, family_of(entry.key)) for entry in entries})
        for mode, family in rows:
            of_row = [e for e in entries if (e.mode, family_of(e.key)) == (mode, family)]
            lines.append(_row(f"{source} | {mode} | {family}", of_row))
        of_text = [entry for entry in entries if entry.mode in TEXT]
        if of_text:
            lines.append(_row(f"{source} | {' + '.join(TEXT)} | all", of_text))
        lines.append(_row(f"{source} | all | all", entries))
    return lines


def _row(name: str, entries: Sequence[Covered]) -> str:
    counts = Counter((entry.status, entry.own) for entry in entries)
    rest = [
        counts[status, True] + counts[status, False]
        for status in (Status.IN_PART, Status.DIFFERENT, Status.UNPRICED)
    ]
    cells = (
        len(entries),
        len(entries) - rest[-1],
        counts[Status.EQUAL, True],
        counts[Status.EQUAL, False],
        *rest,
    )
    return f"| {name} | {' | '.join(map(str, cells))} |"


def _differences(entries: Sequence[Covered]) -> list[str]:
    lines = [
        "| our rule | quotes | ours / theirs, USD per 1M | reason |",
        "|---|---|---|---|",
    ]
    for rule_id, found in differing_rules(entries).items():
        amounts = ", ".join(dict.fromkeys(difference.amounts for _, difference in found))
        reason = REASONS.get(rule_id, "NEW")
        lines.append(f"| `{rule_id}` | {_named(e.key for e, _ in found)} | {amounts} | {reason} |")
    return lines


def _reasons(title: str, entries: Iterable[Covered]) -> list[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        by_reason[entry.reason].append(entry.key)
    lines = [f"| {title} | entries | which |", "|---|---|---|"]
    for reason, keys in sorted(by_reason.items()):
        lines.append(f"| {reason} | {len(keys)} | {_named(keys)} |")
    return lines


def _named(keys: Iterable[str]) -> str:
    names = [f"`{key}`" for key in dict.fromkeys(keys)]
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
