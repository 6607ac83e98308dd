"""Calls rated by model name: what would this usage cost? No gateway, no deployment."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from unicodedata import normalize

import msgspec

from pricing_rules.decoding.text import information
from pricing_rules.engine.rating import rate
from pricing_rules.errors import AmbiguousModel
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.price_book.rules import DeploymentType, PriceOrigin
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Caller, CallState, Operation, PricedCall, Rank, UsageEvent

OPERATION_NAMES = {
    "chat": Operation.CHAT_COMPLETIONS,
    "images": Operation.IMAGES,
    "transcriptions": Operation.AUDIO_TRANSCRIPTIONS,
    "speech": Operation.AUDIO_SPEECH,
} | {operation.value: operation for operation in Operation}
_NAME = "what-if"
_Sold = dict[str, dict[str, tuple[str, str | None]]]
"""Model and version by provider, by each name in lower case, with and without version."""
_VENDOR = re.compile(r"^(?:[\w.-]+/|(?:anthropic|openai|mistral|cohere|meta|deepseek)\.)+")
"""`azure_ai/…`, `anthropic.…`: what price maps and clouds put before a model's name."""
_VERSIONED_NAME = re.compile(
    r"(?P<model>.+?)[-@](?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})(?:-v\d+)?(?::\d+)?"
)
"""A dated name, however the vendor writes the date: 2025-10-01, 20251001, @20251001."""
NEAREST_NAMED_MAX = 3
KEPT_MAX = 20
"""Models whose book is kept: each takes a few MB; one more forgets all."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The call that is asked about."""

    model: str
    """A model's name of the book, with or without its version."""
    provider: str | None = None
    """None where only one provider of the book sells it."""
    usage: Mapping[str, object]
    """The usage object as the model sends it."""
    operation: Operation = Operation.CHAT_COMPLETIONS
    deployment_type: DeploymentType = DeploymentType.GLOBAL_STANDARD
    service_tier: str | None = None
    """None: what the usage object says of itself, as Anthropic's does."""
    region: str | None = None
    product: str | None = None
    cost_centre: str | None = None
    at: datetime


def answer(question: Question, book: Book) -> PricedCall:
    """The rated call, by a `WhatIf` that is not kept."""
    return WhatIf(book).answer(question)


class WhatIf:
    """Rates what is asked under one book. Keeps what questions about one model share."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sold: dict[str | None, _Sold] = {}
        self._with_alias: dict[Alias, Book] = {}

    def answer(self, question: Question) -> PricedCall:
        """The rated call. InvalidUsage when the usage object contradicts itself.

        AmbiguousModel when several providers sell it and the question names none.
        """
        sold = self._sold_by(question.provider)
        found = _resolve(question.model, sold)
        provider, model, version = found or (question.provider or "azure", question.model, None)
        alias = Alias(
            name=_NAME,
            provider=provider,
            model=model,
            version=version,
            type=question.deployment_type.value,
            region=question.region,
        )
        cost_centre = question.cost_centre and normalize("NFC", question.cost_centre)
        priced = rate(_event(question), self._with(alias), cost_centre)
        reason = priced.reason
        if found is None and (near := _nearest(question.model, sold)):
            reason = f"{reason}; the book has {near}"
        return msgspec.structs.replace(priced, book_version=self._book.version, reason=reason)

    def _sold_by(self, provider: str | None) -> _Sold:
        if provider not in self._sold:
            if len(self._sold) >= KEPT_MAX:
                self._sold.clear()
            self._sold[provider] = _models(self._book, provider)
        return self._sold[provider]

    def _with(self, alias: Alias) -> Book:
        """The book with this alias alone: an alias of the company's does not answer."""
        if alias not in self._with_alias:
            if len(self._with_alias) >= KEPT_MAX:
                self._with_alias.clear()
            content = msgspec.structs.replace(self._book.content, aliases=(alias,))
            self._with_alias[alias] = Book(content, self._book.sources)
        return self._with_alias[alias]


def _event(question: Question) -> UsageEvent:
    return UsageEvent(
        id=_NAME,
        source=_NAME,
        subject="anonymous",
        time=question.at,
        operation=question.operation,
        stream=False,
        status=200,
        rank=Rank.MODEL_USAGE,
        usage=normalise(question.operation, question.usage, question.model),
        deployment=_NAME,
        model=question.model,
        caller=Caller(product=question.product),
        region=question.region,
        service_tier=question.service_tier or _tier_in(question.usage),
    )


def _tier_in(usage: Mapping[str, object]) -> str | None:
    """The tier that a usage object says, which an event's reader takes for the answer's, too."""
    tier = usage.get("service_tier")
    return information(tier) if isinstance(tier, str) else None


def _resolve(name: str, sold: _Sold) -> tuple[str, str, str | None] | None:
    """Provider, model and version of a model's name, as the book or its vendor writes it."""
    for spelled, version in _spellings(name.lower()):
        found = sold.get(spelled, {})
        if len(found) > 1:
            providers = " and ".join(sorted(found))
            raise AmbiguousModel(f"{name} is sold by {providers}: name the provider")
        for provider, (model, of_name) in found.items():
            return provider, model, of_name or version
    return None


def _spellings(name: str) -> Iterator[tuple[str, str | None]]:
    """The name, then without what vendors put around it; with the version that it ends with."""
    for spelled in dict.fromkeys((name, _VENDOR.sub("", name))):
        yield spelled, None
        dated = _VERSIONED_NAME.fullmatch(spelled)
        if dated:
            version = f"{dated['year']}-{dated['month']}-{dated['day']}"
            yield f"{dated['model']}-{version}", version
            yield dated["model"], version


def meant_deployment(name: str, book: Book) -> str:
    """What a deployment of the book is, where its name was given for a model's; else empty."""
    for alias in book.content.aliases:
        if alias.name.lower() == name.lower():
            said = filter(None, (alias.model, alias.version, alias.type, alias.region))
            return f"; {name} is a deployment: ask for its model, {', '.join(said)}"
    return ""


def nearest_models(book: Book, name: str) -> str:
    """Names of the book that are like an unknown one; empty where it has the name itself."""
    sold = _models(book, None)
    return "" if name.lower() in sold else _nearest(name, sold)


def _nearest(name: str, sold: _Sold) -> str:
    bare = _VENDOR.sub("", name.lower())
    return ", ".join(get_close_matches(bare, sold, NEAREST_NAMED_MAX))


def _models(book: Book, asked: str | None) -> _Sold:
    """Every name that the book knows. Azure gives way to a vendor whose list Azure repeats."""
    models: _Sold = {}
    by_vendor = {
        values["model"]
        for card in book.content.cards
        if card.origin is PriceOrigin.VENDOR
        and (values := dict(card.matches))["provider"] != ("azure",)
    }
    for card in book.content.cards:
        values = dict(card.matches)
        own = card.origin is PriceOrigin.AZURE or values["provider"] != ("azure",)
        if not asked and not own and values["model"] in by_vendor:
            continue
        (provider,), (model,) = values["provider"], values["model"]
        if asked not in (None, provider):
            continue
        models.setdefault(model.lower(), {})[provider] = (model, None)
        for version in values.get("versions", ()):
            models.setdefault(f"{model}-{version}".lower(), {})[provider] = (model, version)
    return models


def as_document(call: PricedCall) -> dict[str, object]:
    """The rated call as JSON types; amounts are decimal strings, null where there is no cost."""
    costs = call.state in (CallState.PRICED, CallState.ZERO)
    return {
        "state": call.state.value,
        "reason": call.reason,
        "total": format_pico(call.billed) if costs else None,
        "currency": call.billing_currency,
        "layers": {
            name: {"currency": currency, "amount": format_pico(amount) if costs else None}
            for name, currency, amount in (
                ("list", call.pricing_currency, call.list),
                ("contracted", call.pricing_currency, call.contracted),
                ("charge", call.pricing_currency, call.charge),
                ("billed", call.billing_currency, call.billed),
            )
        },
        "lines": [
            {
                "unit": line.unit.value,
                "quantity": line.quantity,
                "unit_price": format_pico(line.unit_price),
                "list": format_pico(line.list),
                "contracted": format_pico(line.contracted),
                "charge": format_pico(line.charge),
                "amount": format_pico(line.billed),
            }
            for line in call.charges
        ],
        "rules": [
            *([call.base_rule_id] if call.base_rule_id else []),
            *(adjustment.rule_id for adjustment in call.adjustments),
        ],
        "tier": call.tier,
        "model": call.model,
        "version": call.version,
        "book": call.book_version,
    }
