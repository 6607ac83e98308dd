"""Base rules as TOML text, in the form that a person would write them."""

import json
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from pricing_rules.money import PICO_PER_UNIT, format_pico
from pricing_rules.price_book.compile import QUANTITY_PER_PRICE
from pricing_rules.price_sources.proposals import Proposal, Rates, ReadPrice
from pricing_rules.units import Unit

CACHED_FILE = "azure_cached_tokens.toml"
"""Rule file of the models without a price for cached tokens."""
_ORDER = list(Unit)
_MILLIONS_PER_HOUR = Fraction(QUANTITY_PER_PRICE["hour"], 1_000_000)


def rule_text(proposal: Proposal) -> str:
    """The rule that a proposal would add to a file of the book."""
    price = proposal.price
    if price is None:
        raise ValueError(f"{proposal.rule_id} is {proposal.change}, which writes no rule")
    lines = ["[[rule]]", f"id = {_text(price.rule_id)}", 'kind = "base"']
    lines.append(f"valid_from = {_moment(price.valid_from)}")
    if price.valid_to:
        lines.append(f"valid_to = {_moment(price.valid_to)}")
    if proposal.supersedes:
        lines.append(f"supersedes = {_text(proposal.supersedes)}")
    per = "hour" if Unit.AUDIO_MS in price.tiers[0][1] else "1M"
    lines += [
        f"currency = {_text(price.currency)}",
        f'unit = "{per}"',
        f"match = {_match(price)}",
        _source(price),
    ]
    if price.note:
        lines.append(f"note = {_text(price.note)}")
    if len(price.tiers) == 1:
        lines.append(f"rates = {_rates(price.tiers[0][1], per)}")
    else:
        for bound, rates in price.tiers:
            lines.append("[[rule.tier]]")
            if bound is not None:
                lines.append(f"up_to_prompt_tokens = {bound}")
            lines.append(f"rates = {_rates(rates, per)}")
    return "\n".join(lines) + "\n"


def cached_text(model: str) -> str:
    """The table that bills the cached tokens of one of Azure's models as input."""
    return f'[[model]]\nprovider = "azure"\nname = {_text(model)}\ncached_tokens = "input"\n'


def _match(price: ReadPrice) -> str:
    fields = {"provider": _text(price.provider), "model": _text(price.model)}
    if price.version:
        fields["versions"] = f"[{_text(price.version)}]"
    fields["deployment"] = f"[{', '.join(_text(kind.value) for kind in price.deployments)}]"
    if price.regions:
        fields["region"] = f"[{', '.join(_text(region) for region in price.regions)}]"
    if price.zone:
        fields["zone"] = f"[{_text(price.zone)}]"
    fields["service_tier"] = _text(price.service_tier.value)
    return _inline(fields)


def _source(price: ReadPrice) -> str:
    fields = {"kind": _text(price.source_kind)}
    if price.source_version:
        fields["version"] = _text(price.source_version)
    fields["checked"] = price.checked.isoformat()
    if price.url:
        fields["url"] = _text(price.url)
    if price.source_region:
        fields["region"] = _text(price.source_region)
    if price.meters:
        meters = sorted(price.meters.items(), key=lambda item: _ORDER.index(item[0]))
        fields["meters"] = _inline({unit.value: _text(name) for unit, name in meters})
    return f"source = {_inline(fields)}"


def _rates(rates: Rates, per: str) -> str:
    scale = _MILLIONS_PER_HOUR if per == "hour" else 1
    in_order = sorted(rates.items(), key=lambda item: _ORDER.index(item[0]))
    return _inline(
        {
            # A proposal has only amounts of which this is a whole number.
            unit.value: _text(format_pico(int(Fraction(amount) * scale * PICO_PER_UNIT)))
            for unit, amount in in_order
        }
    )


def _inline(fields: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {value}" for name, value in fields.items()) + " }"


def _text(value: str) -> str:
    # A JSON string of printable characters is a TOML basic string.
    return json.dumps(value, ensure_ascii=False)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
