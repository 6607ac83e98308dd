"""A PricedCall's evidence as text for people: tokens × price, then each rule's step."""

from collections.abc import Sequence

from pricing_rules.money import divide_half_even, format_pico
from pricing_rules.types import Adjustment, Charge, PricedCall

_PER_MILLION = 1_000_000


def explain(call: PricedCall) -> str:
    """The calculation line by line, in plain text without a trailing newline."""
    rows = [("line", "rule", "quantity", f"{call.pricing_currency} per 1M", call.pricing_currency)]
    rule = f"{call.base_rule_id}[tier {call.tier}]" if call.base_rule_id else ""
    for line in call.charges:
        rows.append(
            (
                str(line.unit),
                rule,
                f"{line.quantity:,}",
                _per_million(line),
                format_pico(line.list),
            )
        )
    if call.charges:
        rows.append(("list", "", "", "", format_pico(call.list)))
    for adjustment in call.adjustments:
        rows.append(_step(adjustment, call))
    if call.charges and call.adjustments:
        rows += _totals(call)
    reason = f" ({call.reason})" if call.reason else ""
    head = f"{call.model or call.event.deployment} {call.event.time.isoformat()}: {call.state}"
    lines = [head + reason]
    if call.charges:
        lines += _table(rows)
    return "\n".join([*lines, f"book {call.book_version}"])


def _per_million(line: Charge) -> str:
    """What the line comes to for a million: of a price per hour, more digits than the price of one
    unit has."""
    return format_pico(divide_half_even(line.list * _PER_MILLION, line.quantity))


def _step(adjustment: Adjustment, call: PricedCall) -> tuple[str, str, str, str, str]:
    if adjustment.layer == "billed":
        pair = f"{call.pricing_currency}-{call.billing_currency}"
        return ("× fx", adjustment.rule_id, "", f"{adjustment.factor} {pair}", "")
    name = f"→ {adjustment.layer}"
    return (name, adjustment.rule_id, "", adjustment.factor or "0", format_pico(adjustment.delta))


def _totals(call: PricedCall) -> list[tuple[str, str, str, str, str]]:
    totals = [
        ("contracted", "", "", "", format_pico(call.contracted)),
        ("charge", "", "", "", format_pico(call.charge)),
    ]
    if call.billing_currency != call.pricing_currency:
        billed = f"{call.billing_currency} {format_pico(call.billed)}"
        totals.append(("billed", "", "", "", billed))
    return totals


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns wide enough for their cells; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
