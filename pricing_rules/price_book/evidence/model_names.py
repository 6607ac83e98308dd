"""Names of models as answers report them: which known model one is, or of which family.

Vendors, clouds and proxies spell one model in many ways. Here the spellings meet; what a name
means for a price is `evidence`'s question.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from pricing_rules.price_book.rate_card import Family

_VENDOR = re.compile(
    r"(?:[\w.-]+/)*(?:(?:us|eu|apac|global)\.)?(?:(?:anthropic|openai|mistral|cohere|meta|deepseek)\.)?"
)
"""What price maps and clouds put before a name: `azure_ai/…`, `us.anthropic.…`."""
_UNDASHED = re.compile(r"(?<=-)(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?=-|$)")
_REVISION = re.compile(r"(?:(?<=\d{8})|(?<=-\d\d))-v\d+(?::\d+)?$")
"""Bedrock's end of a dated name: `…-2025-10-01-v1:0`."""
_VERSION = re.compile(r"\d{4}-\d\d-\d\d|\d{4}(?:-preview)?|v\d+(?:\.\d+)*|latest")
"""What may follow a model's name without making it another model's."""
_NO_VERSION = re.compile(r"v\d+(?:\.\d+)*|latest")
"""Endings of a name that are no version of a price book."""
FINE_TUNED = "-ft"
"""How the books end the name of a fine-tuned model."""
_SPELLINGS_KEPT_MAX = 4096


class Spelled(msgspec.Struct, frozen=True):
    """A reported name without what vendors put around it."""

    name: str
    """In lower case, dates with dashes."""
    fine_tuned: bool


@lru_cache(maxsize=_SPELLINGS_KEPT_MAX)
def spelled(reported: str) -> Spelled:
    """`openai/GPT-4o@20241120` as `gpt-4o-2024-11-20`; the base's name of a fine-tuned model."""
    name = reported.strip().lower()
    fine_tuned = name.startswith("ft:") or ".ft-" in name
    if name.startswith("ft:"):
        name = name.split(":")[1]
    name = name.split(".ft-", maxsplit=1)[0]
    name = _REVISION.sub("", name[_match_end(_VENDOR, name) :])
    name = _UNDASHED.sub(r"\1-\2-\3", name.replace("@", "-").replace(":", "-"))
    if name.startswith("gpt-3.5"):
        name = f"gpt-35{name.removeprefix('gpt-3.5')}"
    return Spelled(name, fine_tuned)


def _match_end(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


class KnownModel(msgspec.Struct, frozen=True):
    """A reported name, understood."""

    model: str
    """As `spelled` writes it."""
    version: str | None
    """What follows the model's name, where that is a version."""


class ModelNames:
    """The names that one book knows: those of its families and those that it has prices for."""

    def __init__(
        self, families: Sequence[Family], priced: Iterable[tuple[str, Iterable[str]]] = ()
    ) -> None:
        """`priced`: models with the versions that have prices of their own."""
        self._families = families
        self._floating = frozenset(
            spelled(name).name for family in families for name in family.floating
        )
        self._same = {
            spelled(other).name: spelled(name).name
            for family in families
            for other, name in family.spelled
        }
        self._versions: dict[str, set[str]] = {}
        for family in families:
            for name in (*family.models, *(name for _, name in family.spelled)):
                self._versions.setdefault(self.canonical(name), set())
        for name, versions in priced:
            self._versions.setdefault(self.canonical(name), set()).update(map(str.lower, versions))

    def canonical(self, name: str) -> str:
        """One spelling of a model's name. Some price maps end a dated model by `-latest`."""
        plain = spelled(name).name
        if plain not in self._floating:
            plain = plain.removesuffix("-latest")
        return self._same.get(plain, plain)

    def find(self, name: str, also: str | None = None) -> KnownModel | None:
        """The longest known model that a spelled name is of, with or without a version.

        `also` is known whatever the families say: the alias's model.
        """
        for part, rest in _splits(name):
            model = self.canonical(part)
            if model != also and model not in self._versions:
                continue
            if not rest:
                return KnownModel(model, None)
            if rest in self._versions.get(model, ()) or _VERSION.fullmatch(rest):
                return KnownModel(model, None if _NO_VERSION.fullmatch(rest) else rest)
        return None

    def floats(self, name: str) -> bool:
        """Whether a vendor moves this name from model to model."""
        return name in self._floating

    def has_family(self, name: str) -> bool:
        """Whether the name is one of a known family, known or not."""
        return any(_begins(name, start) for family in self._families for start in family.begins)


def is_part(name: str, model: str) -> bool:
    """Whether a name is a model's without the version that the model's name holds."""
    rest = model.removeprefix(f"{name}-")
    return rest != model and _VERSION.fullmatch(rest) is not None


def _begins(name: str, start: str) -> bool:
    """`gpt-` begins gpt-4o; `o3` begins o3 and o3-mini, but not o365."""
    if start.endswith("-"):
        return name.startswith(start)
    return name == start or name.startswith(f"{start}-")


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """The name and what follows it, the longest name first: a-b-c as (a-b-c, ""), (a-b, c), …"""
    yield name, ""
    end = name.rfind("-")
    while end > 0:
        yield name[:end], name[end + 1 :]
        end = name.rfind("-", 0, end)
