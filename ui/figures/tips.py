"""Tips for somebody's spend. Each is shown only where their own figures prove it."""

from collections.abc import Sequence
from decimal import Decimal

from ui.api.usage_answers import Totals, UsageRow
from ui.figures.units import CACHED_UNITS, PROMPT_UNITS, count_of, tokens
from ui.format import amount, counted, escape, percent, share

PROMPT_TOKENS_MIN = 100_000
"""Below this many prompt tokens a model's cached share says little."""
CACHED_PERCENT_MAX = 10
ERROR_PERCENT_MIN = 5
ERRORS_MIN = 5
DEAREST_PERCENT_MIN = 50


def tips(totals: Totals, by_model: Sequence[UsageRow], *, currency: str) -> list[str]:
    """Sentences in Markdown, the one about most money first."""
    charge = totals.charge or Decimal(0)
    found = [
        *_one_model_dominates(totals, by_model, charge=charge, currency=currency),
        *_uncached(by_model),
    ]
    errors = totals.errors
    if errors >= ERRORS_MIN and errors * 100 >= ERROR_PERCENT_MIN * totals.calls:
        found.append(
            f"**{share(errors, totals.calls)} of the calls got an error** "
            f"({counted(errors, 'call')} with status 400 or above)."
        )
    return found


def _one_model_dominates(
    totals: Totals, by_model: Sequence[UsageRow], *, charge: Decimal, currency: str
) -> list[str]:
    """A model with most of the charge and less of the tokens: the others cost less per token.

    Where the charge lacks calls, nobody knows what the others cost.
    """
    if not charge or totals.unpriced_calls or totals.pending_calls or totals.excluding_calls:
        return []
    dearest = max(by_model, key=lambda row: row.charge or Decimal(0))
    own = dearest.charge or Decimal(0)
    used, all_tokens = tokens(dearest.units), tokens(totals.units)
    if own * 100 < DEAREST_PERCENT_MIN * charge or own * all_tokens <= used * charge:
        return []
    part = percent(100 * own / charge)
    return [
        f"**{escape(dearest.model or 'No model')} makes up {part} of the charge** "
        f"({amount(own, currency)}) with {share(used, all_tokens)} of the tokens: "
        "together, the other models cost less per token."
    ]


def _uncached(by_model: Sequence[UsageRow]) -> list[str]:
    """Models that read some prompt tokens from the cache, so they have one, but few of many."""
    found = []
    for row in sorted(by_model, key=lambda row: row.charge or Decimal(0), reverse=True):
        prompt, cached = count_of(row.units, PROMPT_UNITS), count_of(row.units, CACHED_UNITS)
        if prompt >= PROMPT_TOKENS_MIN and 0 < cached * 100 < CACHED_PERCENT_MAX * prompt:
            found.append(
                f"**{escape(row.model or 'No model')}: {share(cached, prompt)} of {prompt:,} "
                "prompt tokens came from the cache.** Where prompts begin with the same text, "
                "put that text first and unchanged; cached tokens cost less."
            )
    return found
