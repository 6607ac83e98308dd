"""The lines of TOML that a book lacks, for the reason of an unpriced call. Pure."""

import json
from collections.abc import Mapping

from msgspec.structs import replace

from pricing_rules.price_book.evidence.model_names import KnownModel
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.price_book.rules import DeploymentType
from pricing_rules.types import UsageEvent

_AS_DEPLOYED = "  # or DataZoneStandard, Standard, …: as deployed"


def lines_for_no_alias(
    name: str, event: UsageEvent, found: KnownModel | None, sold: Mapping[str, str]
) -> str:
    """What is missing and the lines that would add it: the deployment's type sets the price.

    `sold`: the book's name of the answer's model, by provider.
    """
    served = ""
    if event.served_deployment and event.deployment not in (None, event.served_deployment):
        served = f", which served the call to {event.deployment!r}"
    provider = "azure" if "azure" in sold or not sold else min(sold)
    alias = Alias(
        name=name,
        provider=provider,
        model=sold.get(provider) or (found.model if found else event.model) or "",
        version=None,
        type=DeploymentType.GLOBAL_STANDARD,
        region=event.region,
    )
    lines = _lines(alias, hint=_AS_DEPLOYED)
    return f"no alias for deployment {name!r}{served}; add to a file of the book:\n{lines}"


def lines_for_contradiction(
    alias: Alias, event: UsageEvent, found: KnownModel | None, sold: Mapping[str, str]
) -> str:
    """Names both models, with the alias that a moved deployment needs."""
    provider = alias.provider if alias.provider in sold or not sold else min(sold)
    moved = replace(
        alias,
        name=event.served_deployment or event.deployment or alias.name,
        provider=provider,
        model=sold.get(provider) or (found.model if found else event.model) or "",
        version=found.version if found else None,
    )
    return (
        f"the alias of deployment {moved.name!r} says {alias.model}, the answer says "
        f"{event.model}; if the deployment was moved, change its alias in a file of the book:\n"
        f"{_lines(moved)}"
    )


def _lines(alias: Alias, *, hint: str = "") -> str:
    fields = {
        "name": alias.name,
        "host": alias.host,
        "provider": alias.provider,
        "model": alias.model,
        "version": alias.version,
        "type": alias.type,
        "region": alias.region,
        "service_tier": alias.service_tier,
    }
    lines = [
        f"{field} = {_toml(value)}{hint if field == 'type' else ''}"
        for field, value in fields.items()
        if value is not None
    ]
    return "\n".join(["[[deployment]]", *lines])


def _toml(text: str) -> str:
    """A string in quotes, on one line whatever the caller sent: JSON's form, but for U+007F."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
