"""One call's cost as a sentence, and as steps from the list prices to the charge."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ui.api.usage_answers import Adjustment, CallDetail, Cost
from ui.figures.units import CACHED_UNITS, OUTPUT_UNITS, PROMPT_UNITS, count_of
from ui.format import counted, escape, exact_amount, exact_number, unit

BILLED = "billed"
"""The layer in the currency of the invoices. Its amount is no change of what was charged."""


def sentence(call: CallDetail) -> str:
    """What was used, what it costs at list price, and what is charged, in Markdown."""
    prompt, cached = count_of(call.units, PROMPT_UNITS), count_of(call.units, CACHED_UNITS)
    output = count_of(call.units, OUTPUT_UNITS)
    used = [counted(prompt, "prompt token")] if prompt else []
    if cached:
        used[0] += f" ({cached:,} of them cached)"
    if output:
        used.append(counted(output, "output token"))
    model = escape(call.model or call.deployment or "a model without a name")
    what = f"This call of {model} used {' and '.join(used)}. " if used else ""
    return what + (_money(call.cost, call.currency) if call.cost else "It has no charge.")


def _money(cost: Cost, currency: str) -> str:
    charge = f"**{exact_amount(cost.charge, currency)}** is charged"
    if cost.charge == cost.list:
        return f"{charge}, which is the list price."
    changes = _change("contract rules", cost.contracted - cost.list, currency=currency)
    rules = _change("charge-back rules", cost.charge - cost.contracted, currency=currency)
    listed = exact_amount(cost.list, currency)
    return f"At list price that is {listed}; {', '.join([*changes, *rules])}, so {charge}."


def adjustments_of(call: CallDetail) -> list[Adjustment]:
    """Those that change the amount; the last step to the billing currency is none of them."""
    return [each for each in call.explanation.adjustments if each.layer != BILLED]


def conversion_words(call: CallDetail) -> str | None:
    """How the charge became the billed amount; None where there is one currency alone."""
    converted = [each for each in call.explanation.adjustments if each.layer == BILLED]
    if call.cost is None or call.cost.billed is None or not call.billing_currency:
        return None
    rule = "".join(f" × {exact_number(each.factor)}" for each in converted if each.factor)
    by = "".join(f", by {each.rule_id}" for each in converted)
    charge = exact_amount(call.cost.charge, call.currency)
    return f"Billed: {charge}{rule} = {exact_amount(call.cost.billed, call.billing_currency)}{by}."


def _change(who: str, delta: Decimal, *, currency: str) -> list[str]:
    if not delta:
        return []
    verb = "add" if delta > 0 else "take off"
    return [f"{who} {verb} {exact_amount(abs(delta), currency)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bar of the waterfall, from one height to another."""

    label: str
    start: Decimal
    end: Decimal
    kind: str
    """`list`, `less`, `more` or `charge`."""


def steps(call: CallDetail) -> list[Step]:
    """The list price of each unit on top of the one before, each adjustment, then the charge.

    Empty where they do not lead to the charge: no picture is better than a wrong one.
    """
    if call.cost is None:
        return []
    changes = [(unit(line.unit), line.list) for line in call.explanation.lines if line.list]
    found = list(_stacked(changes, "list", start=Decimal(0)))
    adjusted = [(each.rule_id, each.delta) for each in adjustments_of(call) if each.delta]
    found += _stacked(adjusted, None, start=found[-1].end if found else Decimal(0))
    if not found or found[-1].end != call.cost.charge:
        return []
    return [*found, Step(label="charge", start=Decimal(0), end=call.cost.charge, kind="charge")]


def _stacked(
    changes: list[tuple[str, Decimal]], kind: str | None, *, start: Decimal
) -> Iterable[Step]:
    for label, delta in changes:
        shown = kind or ("less" if delta < 0 else "more")
        yield Step(label=label, start=start, end=start + delta, kind=shown)
        start += delta
