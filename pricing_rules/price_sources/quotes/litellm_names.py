"""litellm's names of what Azure sells → model, version, deployment type and data zone."""

import re
from collections.abc import Mapping
from decimal import Context, Decimal

import msgspec

from pricing_rules.price_book.rules import DeploymentType

_EXACT = Context(prec=60)
_PLACES = {
    "global": (DeploymentType.GLOBAL_STANDARD, None),
    "global-standard": (DeploymentType.GLOBAL_STANDARD, None),
    "us": (DeploymentType.DATA_ZONE_STANDARD, "us"),
    "eu": (DeploymentType.DATA_ZONE_STANDARD, "eu"),
    "apac": (DeploymentType.DATA_ZONE_STANDARD, "apac"),
    # Azure Government's prices are 1.25 and 1.375 times those of Global: regional ones.
    "us-gov": (DeploymentType.STANDARD, "us-gov"),
}
_SERVICES = frozenset({"doc-intelligence", "speech"})
_PICTURE = re.compile(r"(?P<quality>\w+)/(?P<width>\d+)-x-(?P<height>\d+)/(?P<model>[^/]+)")
_DATED = re.compile(r"(?P<model>.+)-(?P<version>\d{4}-\d{2}-\d{2})")
_OLD_VERSIONS = re.compile(
    r"(?P<model>gpt-(?:4|4-32k|35-turbo|35-turbo-16k|35-turbo-instruct))"
    r"-(?P<version>\d{4}(?:-preview)?|turbo(?:-.+)?)"
)
_OTHER_NAMES = {
    "ada": "text-embedding-ada-002",
    "gpt-3.5-turbo": "gpt-35-turbo",
    "gpt-3.5-turbo-instruct-0914": "gpt-35-turbo-instruct-0914",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
}
"""Names of litellm that are another name at Azure."""


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry prices."""

    model: str
    version: str | None
    deployment: DeploymentType
    zone: str | None


class NotSold(Exception):
    """An entry that prices no deployment; the text says why."""


def sold_as(key: str, names: Mapping[str, str]) -> Sold:
    """What `azure/eu/gpt-5.4-2026-03-05` is. `names`: the book's spelling by name in lower case.

    A name without a place is GlobalStandard and nothing else.
    """
    _, _, name = key.partition("/")
    if _PICTURE.fullmatch(name):
        raise NotSold("a price by size and quality of a picture: calls report neither")
    first, slash, rest = name.partition("/")
    if first in _SERVICES:
        raise NotSold("a service of its own, which has no deployments")
    deployment, zone = DeploymentType.GLOBAL_STANDARD, None
    if slash:
        if first not in _PLACES or "/" in rest:
            raise NotSold(f"{first!r} is no place that is known")
        (deployment, zone), name = _PLACES[first], rest
    name = _OTHER_NAMES.get(name, name)
    dated = _DATED.fullmatch(name) if not name.startswith("gpt-4-turbo") else None
    dated = dated or _OLD_VERSIONS.fullmatch(name)
    model, version = (dated["model"], dated["version"]) if dated else (name, None)
    return Sold(
        model=names.get(model.lower(), model), version=version, deployment=deployment, zone=zone
    )


def is_router(key: str) -> bool:
    """Whether an entry's price per prompt token is a fee on top of the routed model's price."""
    return key.rpartition("/")[2].replace("_", "-") == "model-router"


def price_of_a_picture(key: str, per_pixel: object) -> Decimal | None:
    """What a whole picture of the entry's size costs, exactly; None where nothing says it."""
    picture = _PICTURE.search(key)
    if picture is None or not isinstance(per_pixel, Decimal) or not per_pixel:
        return None
    pixels = int(picture["width"]) * int(picture["height"])
    return _EXACT.multiply(per_pixel, Decimal(pixels))
