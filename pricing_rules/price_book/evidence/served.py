"""Who served a call: the alias proposes, and what the call itself says disposes.

Owns the comparison of an alias with the answer's model, version, host and tier. Which rule prices
what served the call is for `terms`.
"""

import re
from collections.abc import Sequence

import msgspec

from pricing_rules.price_book.evidence.alias_lines import (
    lines_for_contradiction,
    lines_for_no_alias,
)
from pricing_rules.price_book.evidence.model_names import (
    FINE_TUNED,
    KnownModel,
    ModelNames,
    is_part,
    spelled,
)
from pricing_rules.price_book.rate_card import Alias, BookContent
from pricing_rules.price_book.rules import BATCH_TYPES, DeploymentType, ServiceTier, arm_name
from pricing_rules.types import UsageEvent

_REGIONAL_TYPES = frozenset(
    {DeploymentType.STANDARD, DeploymentType.PROVISIONED, DeploymentType.SERVERLESS}
)
_DEFAULT_TIERS = frozenset({"default", "standard", "standard_only"})
"""How vendors spell the default tier, in an answer or a request."""
_SLOW_TIERS = frozenset({ServiceTier.DEFAULT, ServiceTier.BATCH})
_AUTO = "auto"
"""What a request without a service tier asks for: the deployment's own."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNREAD = {
    "too_large": "its body is over 1 MiB, which the gateway does not read",
    "no_json": "its body is no JSON object, or no header says that it is JSON",
    "no_length": "its body came without a Content-Length, so the gateway did not read it",
}


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What served a call, as far as the book and the call know."""

    alias: Alias | None = None
    """None where no alias is about it."""
    provider: str | None = None
    model: str | None = None
    version: str | None = None
    refusal: str | None = None
    """Why that cannot be said; None when it can."""
    unconfirmed: bool = False
    """Whether the answer names no model that bears the alias out."""
    doubt: str = ""
    """What an absent price is due to: the alias and the answer differ."""


class Tier(msgspec.Struct, frozen=True):
    """A call's service tier."""

    name: str
    unconfirmed: bool = False
    """The request asked for another one, and the answer does not say which it got."""
    unsaid: bool = False
    """Nobody said: what a stream is charged at is an assumption."""


class Evidence:
    """What one book makes of calls' evidence."""

    def __init__(self, content: BookContent) -> None:
        self._trusts = not content.families
        self._defaults = {(p, model): version for p, model, version in content.default_versions}
        self.versions: dict[tuple[str | None, str | None], set[str]] = {}
        """Versions that have prices of their own, by provider and model."""
        self._tiered: set[str | None] = set()
        """Models with prices at tiers that a call may have without a batch."""
        for card in content.cards:
            values = dict(card.matches)
            key = (values["provider"][0], values["model"][0])
            self.versions.setdefault(key, set()).update(values.get("versions", ()))
            if not _SLOW_TIERS.issuperset(values.get("service_tier", ())):
                self._tiered.add(values["model"][0])
        priced = ((str(model), versions) for (_, model), versions in self.versions.items())
        self.names = ModelNames(content.families, priced)
        self._sold: dict[str, dict[str, str]] = {}
        for provider, model in self.versions:
            sold = self._sold.setdefault(self.names.canonical(str(model)), {})
            sold[str(provider)] = str(model)
        self._aliases: dict[str, list[Alias]] = {}
        for alias in content.aliases:
            self._aliases.setdefault(alias.name, []).append(alias)

    def served(self, event: UsageEvent) -> Served:
        """The deployment that answered has the price, not the one that was asked."""
        name = event.served_deployment or event.deployment
        if name is None:
            return self._by_answer(event)
        if event.spillover_from and name.lower() == event.spillover_from.lower():
            return Served(refusal=f"deployment {name!r} was full, and nobody said which one served")
        aliases = self._aliases.get(name.lower())
        if aliases is None:
            return Served(refusal=lines_for_no_alias(name, event, *self._known(event.model)))
        alias = _at_host(aliases, event.backend_host)
        if isinstance(alias, str):
            return Served(refusal=alias)
        if alias.rate_by == "reported":
            return self._routed(alias, event)
        if self._trusts:
            return self._as_stated(alias, self._version_in(alias, event.model))
        return self._judged(alias, event)

    def tier(self, event: UsageEvent, alias: Alias, model: str | None) -> Tier:
        """The answer's tier. Where it says none, the alias's, else default.

        A vendor may serve a call of a faster tier at the default one, and only its answer says so.
        """
        if alias.type in BATCH_TYPES:
            return Tier(ServiceTier.BATCH)
        if event.service_tier:
            return Tier(_plain_tier(event.service_tier))
        requested = _plain_tier(event.requested_tier or _AUTO)
        tier = alias.service_tier or ServiceTier.DEFAULT
        if tier != ServiceTier.DEFAULT or requested not in (_AUTO, ServiceTier.DEFAULT):
            return Tier(tier, unconfirmed=True)
        silent = alias.service_tier is None and requested == _AUTO
        return Tier(tier, unsaid=silent and model in self._tiered)

    def _as_stated(
        self, alias: Alias, reported: str | None, *, unconfirmed: bool = False
    ) -> Served:
        """Served as the alias says, but for another version that the answer names."""
        version, doubt = reported or alias.version, ""
        if alias.version and reported and _undashed(alias.version) != _undashed(reported):
            doubt = f"; the alias says version {alias.version}, the answer says {reported}"
        if alias.version and (self._trusts or not doubt):
            version, doubt = alias.version, ""
        if version is None:
            version = self._defaults.get((alias.provider, alias.model))
        return Served(
            alias=alias,
            provider=alias.provider,
            model=alias.model,
            version=version,
            unconfirmed=unconfirmed,
            doubt=doubt,
        )

    def _version_in(self, alias: Alias, reported: str | None) -> str | None:
        """The version in a dated name of the alias's model, for books that know no families."""
        if reported and reported.startswith(f"{alias.model}-"):
            version = reported.removeprefix(f"{alias.model}-")
            known = self.versions.get((alias.provider, alias.model), ())
            if version in known or _DATE.fullmatch(version):
                return version
        return None

    def _judged(self, alias: Alias, event: UsageEvent) -> Served:
        """Compare the alias's model with the answer's."""
        if event.model is None:
            return self._as_stated(alias, None, unconfirmed=True)
        said, names = spelled(event.model), self.names
        own = names.canonical(alias.model)
        if said.fine_tuned:
            own = own.removesuffix(FINE_TUNED)
        found = names.find(said.name, own)
        if found is not None and found.model == own:
            unsure = said.fine_tuned or names.floats(said.name)
            return self._as_stated(alias, found.version, unconfirmed=unsure)
        if self._says_nothing(said.name, found, own, event):
            return self._as_stated(alias, None, unconfirmed=True)
        sold = {} if found is None else self._sold.get(found.model, {})
        refusal = lines_for_contradiction(alias, event, found, sold)
        return Served(alias=alias, refusal=refusal)

    def _says_nothing(
        self, name: str, found: KnownModel | None, own: str, event: UsageEvent
    ) -> bool:
        """Whether a name is no evidence: of an unknown family, one that moves from model to model,
        the deployment's own, or the alias's model without what tells it from others.
        """
        names = self.names
        if names.floats(name) and (found is None or found.model == name):
            return True
        if is_part(name, own):
            return True
        asked = (event.deployment, event.served_deployment)
        echoed = name in {spelled(each).name for each in asked if each}
        return found is None and (echoed or not names.has_family(name))

    def _routed(self, alias: Alias, event: UsageEvent) -> Served:
        """The model that the answer names has the price, whoever sells it."""
        said = spelled(event.model or "")
        found = self.names.find(said.name)
        router = f"deployment {alias.name!r} is rated by the model that its answers name, and"
        if event.model is None:
            return Served(alias=alias, refusal=f"{router} nobody reported it")
        if found is None:
            return Served(alias=alias, refusal=f"{router} {event.model!r} is no known model")
        model = f"{found.model}{FINE_TUNED}" if said.fine_tuned else found.model
        sold = self._sold.get(model, {})
        provider = alias.provider if alias.provider in sold or len(sold) != 1 else next(iter(sold))
        if provider not in sold:
            which = f"is sold by {' and '.join(sorted(sold))}" if sold else "has no price"
            return Served(alias=alias, refusal=f"{router} {event.model!r} {which}")
        default = self._defaults.get((provider, sold[provider]))
        version = found.version or default
        return Served(alias=alias, provider=provider, model=sold[provider], version=version)

    def _known(self, reported: str | None) -> tuple[KnownModel | None, dict[str, str]]:
        """The answer's model and who sells it, by provider; nothing where the book cannot say."""
        if reported is None or self._trusts:
            return None, {}
        found = self.names.find(spelled(reported).name)
        return found, {} if found is None else self._sold.get(found.model, {})

    def _by_answer(self, event: UsageEvent) -> Served:
        """A call whose request nobody read: its deployment is known where all of the answer's model
        have one price.
        """
        refusal = "the call names no deployment"
        if event.body_unread is None:
            return Served(refusal=refusal)
        refusal += f": {_UNREAD.get(event.body_unread, event.body_unread)}"
        if event.model is None:
            return Served(refusal=refusal)
        found = self.names.find(spelled(event.model).name)
        model = None if found is None else found.model
        of_model = [
            alias
            for aliases in self._aliases.values()
            for alias in aliases
            if self.names.canonical(alias.model) == model and alias.rate_by == "alias"
        ]
        if found is None or len({_offer(alias) for alias in of_model}) != 1:
            return Served(refusal=f"{refusal}; the answer says {event.model}")
        return self._as_stated(of_model[0], found.version, unconfirmed=True)


def region_of(event: UsageEvent, alias: Alias) -> tuple[str | None, str]:
    """The region that sets the price, and what an absent price may be due to.

    Where a regional deployment answered from is evidence. A global one answers from anywhere.
    """
    stated, reported = arm_name(alias.region or ""), arm_name(event.region or "")
    if alias.type in _REGIONAL_TYPES and stated and reported and stated != reported:
        return reported, f"; the alias says region {stated}, the answer came from {reported}"
    return stated or reported or None, ""


def _undashed(version: str) -> str:
    return version.replace("-", "")


def _plain_tier(tier: str) -> str:
    name = tier.lower()
    return ServiceTier.DEFAULT if name in _DEFAULT_TIERS else name


def _at_host(aliases: Sequence[Alias], host: str | None) -> Alias | str:
    """The alias about the backend that served, or why it cannot be said which that is."""
    if len(aliases) == 1 and aliases[0].host is None:
        return aliases[0]
    if host is not None:
        for alias in aliases:
            if alias.host == host.lower():
                return alias
        if aliases[0].host is None:  # the first, since hosts are sorted
            return aliases[0]
        return f"deployment {aliases[0].name!r} has no alias for host {host!r}"
    if len(aliases) == 1:
        about = f"an alias for host {aliases[0].host!r} alone"
    elif len({_offer(alias) for alias in aliases}) == 1:
        return aliases[0]
    else:
        about = "aliases by host"
    return f"deployment {aliases[0].name!r} has {about}, and nobody reported which host served"


def _offer(alias: Alias) -> Alias:
    """What of an alias sets the price."""
    return msgspec.structs.replace(alias, name="", host=None)
