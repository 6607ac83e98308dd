"""What may be added to a usage object, and what then must become of it. Imports no product."""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.attacks.usage_case import NOT_PRICED, PRICED, UNPRICED, Case


def harmless_field(case: Case, dice: random.Random) -> None:
    """What changes no price."""
    case.usage |= dice.choice(
        [
            {"queue_time": 0.2},
            {"cost": 0.01},
            {"latency_checkpoint": {"engine_ttft_ms": 5}},
            {"extra_billable": 0},
            {"speed": "standard"},
            {"inference_geo": "global"},
        ]
    )


def unknown_number(case: Case, dice: random.Random) -> None:
    """A number that may be billed."""
    name = dice.choice(["compute_units", "tool_calls", "code_execution_requests", "pages"])
    value = dice.choice([1, 2.5, 10**6])
    where: dict[str, Any] = case.usage
    nested = [part for part in case.usage.values() if isinstance(part, dict)]
    if nested and dice.random() < 0.5:
        where = dice.choice(nested)
    where[name] = value
    case.verdict = UNPRICED


def number_behind_many_harmless(case: Case, dice: random.Random) -> None:
    """A number that may be billed, behind more fields than anybody names."""
    times = {f"step_{number}_ms": dice.randrange(1, 99) for number in range(dice.randrange(15, 60))}
    case.usage = {"latency_checkpoint": times, **case.usage, "compute_units": dice.randrange(1, 9)}
    case.verdict = UNPRICED


def total_with_the_cache(case: Case, dice: random.Random) -> None:
    """A total that holds cached tokens a second time: the prompt may leave them out."""
    cached = case.quantities.get("cache_read", 0)
    if case.verdict == PRICED and cached and case.usage.get("total_tokens"):
        case.usage["total_tokens"] += cached
        for parts in ("completion_tokens_details", "output_tokens_details"):
            case.usage.pop(parts, None)
        case.verdict = UNPRICED


def unknown_text(case: Case, dice: random.Random) -> None:
    """A modifier that may set the price."""
    case.usage[dice.choice(["inference_geo", "speed", "lane"])] = dice.choice(["us", "fast"])
    case.verdict = UNPRICED


def whole_fractions(case: Case, dice: random.Random) -> None:
    """JSON has one kind of number: 512.0 is 512."""
    for name, value in case.usage.items():
        if isinstance(value, int) and not isinstance(value, bool):
            case.usage[name] = float(value)


def broken_number(case: Case, dice: random.Random) -> None:
    """A count that none can be: refused by name, never priced."""
    counts = [
        name
        for name, value in case.usage.items()
        if isinstance(value, int) and value and name.endswith(("_tokens", "Count", "Tokens"))
    ]
    if not counts:
        return
    case.usage[dice.choice(counts)] = dice.choice([-1, 1.5, "12", True, 10**13])
    case.verdict = NOT_PRICED


def cached_beyond_prompt(case: Case, dice: random.Random) -> None:
    """More cached than the prompt has."""
    for prompt in ("prompt_tokens", "input_tokens"):
        details = case.usage.get(f"{prompt}_details")
        if isinstance(details, dict) and "cached_tokens_details" not in details:
            details["cached_tokens"] = case.usage[prompt] + 1
            case.verdict = UNPRICED


def total_below_parts(case: Case, dice: random.Random) -> None:
    """A total that is less than one of its parts."""
    for name in ("total_tokens", "totalTokenCount", "totalTokens"):
        if case.usage.get(name) and "prompt_audio_seconds" not in case.usage:
            case.usage[name] = 1
            parts = sum(case.quantities.values())
            case.verdict = UNPRICED if parts > 1 else case.verdict


def null_fields(case: Case, dice: random.Random) -> None:
    """Absent and null are the same."""
    nothing = {"prompt_cache_hit_tokens": None, "nothing": None, "empty": "", "no": False}
    case.usage.update({name: value for name, value in nothing.items() if name not in case.usage})


OPERATORS: list[Callable[[Case, random.Random], None]] = [
    harmless_field, unknown_number, unknown_text, whole_fractions, broken_number,
    cached_beyond_prompt, total_below_parts, null_fields, number_behind_many_harmless,
    total_with_the_cache,
]  # fmt: skip
