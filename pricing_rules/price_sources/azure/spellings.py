"""How Azure's meters spell the names of models: a table, and one rule for newer GPTs.

Owns which model the words of a meter name. What else the words say is in `words`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from pricing_rules.price_book.rules import DeploymentType
from pricing_rules.price_sources.azure.words import said_by, words_of

MODEL_TABLE = Path(__file__).parent / "models.csv"
LONG_PROMPT_ABOVE = {
    "gpt-5.4": 272_000,
    "gpt-5.4-pro": 272_000,
    "gpt-5.5": 272_000,
    "gpt-5.5-pro": 272_000,
    "gpt-5.6-luna": 272_000,
    "gpt-5.6-sol": 272_000,
    "gpt-5.6-terra": 272_000,
    "gpt-6-astra": 272_000,
    "gpt-6-luna": 272_000,
    "gpt-6-sol": 272_000,
    "gpt-6.1-sol": 272_000,
    "grok-4.3": 200_000,
    "grok-4.6": 200_000,
    "grok-4.7": 200_000,
}
"""Tokens of the largest short prompt: a meter says "long", never above which size."""

_GPT = re.compile(
    r"(?P<brand>gpt )?(?P<version>[5-9](\.\d)?)"
    r"( (?P<variant>chat|codex|codex max|codex mini|mini|nano|pro|sol|terra|luna|astra))?"
)
"""GPT from generation 5 on, named by version and at most one variant."""
_GPT_PRODUCT = re.compile(r"gpt[5-9]")
"""A product whose meters may leave "GPT" out: "Azure OpenAI GPT5"."""
_GENERATION = re.compile(r"gpt-([5-9])(?![0-9])")
NAMED = "named"
"""The modality of a model whose meters must each say one."""
_DATE = re.compile(r"\d{8}")


class Spelling(msgspec.Struct, frozen=True, kw_only=True):
    """How meters spell a model: a line of `models.csv`, or what the GPT rule makes."""

    words: tuple[str, ...]
    product: str
    model: str
    version: str | None
    family: str
    deployment: DeploymentType | None = None
    direction: str | None = None
    """Of names that say none."""
    modality: str | None = None
    """Of names that say none; "named" when they must say one."""


def spellings_of(words: Sequence[str], product: str) -> list[Spelling]:
    """The models that the words may name: the spellings that read most of them.

    Several lines of one spelling are several models of one price; two spellings are a doubt.
    """
    product = product.lower()
    found = [
        spelling
        for spelling in (*_model_table(), *_gpt(words, product))
        if spelling.product in product
        and (left := left_of(words, spelling.words)) is not None
        and not said_by(left).rest
    ]
    longest = max((len(spelling.words) for spelling in found), default=0)
    return [
        dated
        for spelling in found
        if len(spelling.words) == longest
        for dated in _dated(spelling, words)
    ]


def _gpt(words: Sequence[str], product: str) -> Iterator[Spelling]:
    rest = said_by(words).rest
    matched = _GPT.fullmatch(" ".join("mini" if word == "mn" else word for word in rest))
    if matched is None or "openai" not in product:
        return
    if not matched["brand"] and not _GPT_PRODUCT.search(product):
        return
    variant = matched["variant"]
    yield Spelling(
        words=rest,
        product="openai",
        model="-".join(["gpt", matched["version"], *(variant.split() if variant else ())]),
        version=None,
        family=f"gpt_{matched['version'][0]}",
    )


def left_of(words: Sequence[str], spelled: Sequence[str]) -> tuple[str, ...] | None:
    """The words without the spelled ones, which must all be there in their order."""
    left: list[str] = []
    wanted = list(spelled)
    for word in words:
        if wanted and (word == wanted[0] or (wanted[0] == "<date>" and _DATE.fullmatch(word))):
            wanted.pop(0)
        else:
            left.append(word)
    return None if wanted else tuple(left)


def _dated(spelling: Spelling, words: Sequence[str]) -> Iterator[Spelling]:
    """With the version that a whole date in the name says, as MMDDYYYY; nothing if it is none."""
    if "<date>" not in spelling.words:
        yield spelling
        return
    (stamp,) = [word for word in words if _DATE.fullmatch(word)]
    with suppress(ValueError):
        day = date(int(stamp[4:]), int(stamp[:2]), int(stamp[2:4]))
        yield msgspec.structs.replace(spelling, version=day.isoformat())


def family_of(model: str) -> str | None:
    """The rule file that holds a model's prices, as far as the rules know the model."""
    model = model.lower().removesuffix("-ft")
    for spelling in _model_table():
        if model == spelling.model.lower().removesuffix("-ft"):
            return spelling.family
    generation = _GENERATION.match(model)
    return f"gpt_{generation[1]}" if generation else None


@cache
def _model_table() -> tuple[Spelling, ...]:
    with MODEL_TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Spelling(
                words=words_of(line["spelled"])
                if "<" not in line["spelled"]
                else tuple(line["spelled"].split()),
                product=line["product"],
                model=line["model"],
                version=line["version"] or None,
                family=line["family"],
                deployment=DeploymentType(line["deployment"]) if line["deployment"] else None,
                direction=line["direction"] or None,
                modality=line["modality"] or None,
            )
            for line in csv.DictReader(file)
        )
