"""The words of Azure's meter names: how a name is cut into words and what each word says.

A word has one meaning or none, so that a name with a word that is not here is listed and never
priced. "Cache Inp" and "Ch Inp" are reads: their prices are 5 to 50 % of the input's, while a write
costs more than the input.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Facet(StrEnum):
    """What a word says about a price, next to the model's own name."""

    DIRECTION = "direction"
    CACHE = "cache"
    PLACE = "deployment"
    TIER = "service tier"
    PROMPT = "prompt size"
    MODALITY = "modality"
    TUNED = "fine-tuning"
    HOST = "hosting of a fine-tuned model"


_SPELLED: dict[tuple[Facet, str], str] = {
    (Facet.DIRECTION, "input"): "inp, inpt, in, input",
    (Facet.DIRECTION, "output"): "outp, outpt, opt, out, output",
    (Facet.CACHE, "read"): "cached, cchd, cched, ccchd, cd, cache, ch",
    (Facet.CACHE, "write"): "cd wr, cache write",
    (Facet.PLACE, "global"): "glbl, gl, glb, global",
    (Facet.PLACE, "datazone"): "dz, dzn, dzone, datazone, data zone",
    (Facet.PLACE, "regional"): "regnl, rgnl, regn, rg, regional",
    (Facet.TIER, "default"): "std",
    (Facet.TIER, "batch"): "batch",
    (Facet.TIER, "priority"): "pp, prty",
    (Facet.TIER, "flex"): "flex, fl",
    (Facet.PROMPT, "short"): "shortco, short co, sh co",
    (Facet.PROMPT, "long"): "longco, long co, lo co, l",
    (Facet.MODALITY, "text"): "txt, text",
    (Facet.MODALITY, "audio"): "aud, audio",
    (Facet.MODALITY, "image"): "img, image",
    (Facet.TUNED, "tuned"): "ft, finetuned",
    (Facet.HOST, "developer"): "dev",
}
_MEANINGS = {
    tuple(spelling.split()): meaning
    for meaning, spellings in _SPELLED.items()
    for spelling in spellings.split(", ")
}
_PHRASE_WORDS_MAX = max(len(words) for words in _MEANINGS)

_NO_CALL = {
    "trng": "training",
    "training": "training",
    "grdr": "grading during fine-tuning",
    "grader": "grading during fine-tuning",
}
"""Words of meters that price no call of a model."""
_NO_CALL_BEGINS = {
    ("voice", "live", "api"): "Voice Live API, a speech service, not a model deployment",
}
_UNIT_WORDS = {"1k": "1K", "1m": "1M"}
_GLUED = (
    (re.compile(r"(?<=[a-z])(?=[A-Z])"), "BatchOutp, DataZone, realtimePrvwTxtInp"),
    (re.compile(r"(?<=\do)(?=mini)"), "gpt4omini"),
    (re.compile(r"(?<=[A-Za-z]{3})(?=\d)"), "gpt4o, mini0718, turbo16K"),
    (re.compile(r"(?<=\d)(?=[A-Za-z]{3})"), "56sol"),
)
"""Where two words are written as one, with the names that do it."""


class Said(msgspec.Struct, frozen=True):
    """What a name's words say."""

    meanings: frozenset[tuple[Facet, str]]
    rest: tuple[str, ...]
    """The words that say nothing known."""

    def get(self, facet: Facet) -> str | None:
        """The value of a facet that says one thing at most."""
        return next((value for named, value in self.meanings if named is facet), None)

    @property
    def contradiction(self) -> str | None:
        """Two values of one facet."""
        for facet in Facet:
            values = sorted(value for named, value in self.meanings if named is facet)
            if len(values) > 1:
                return f"its {facet} is {' and '.join(values)}"
        return None


def words_of(name: str) -> tuple[str, ...]:
    """A name's words in lower case, words that were glued together cut apart."""
    for glue, _ in _GLUED:
        name = glue.sub(" ", name)
    return tuple(re.split(r"[\s_-]+", name.lower().strip()))


def without_unit(words: Sequence[str]) -> tuple[tuple[str, ...], str | None, str]:
    """The words before the unit, the unit if the name says one (1K, 1M), and what is counted."""
    if len(words) >= 2 and words[-2] in _UNIT_WORDS:
        return tuple(words[:-2]), _UNIT_WORDS[words[-2]], words[-1]
    return tuple(words[:-1]), None, words[-1]


def said_by(words: Sequence[str]) -> Said:
    """What the words say. The longest phrase counts: "cd wr" is a write, "cd" alone a read."""
    meanings: set[tuple[Facet, str]] = set()
    rest: list[str] = []
    at = 0
    while at < len(words):
        for length in range(_PHRASE_WORDS_MAX, 0, -1):
            meaning = _MEANINGS.get(tuple(words[at : at + length]))
            if meaning:
                meanings.add(meaning)
                at += length
                break
        else:
            rest.append(words[at])
            at += 1
    return Said(frozenset(meanings), tuple(rest))


def prices_no_call(words: Sequence[str]) -> str | None:
    """Why a meter with these words prices no call of a model; None when it may."""
    for begin, reason in _NO_CALL_BEGINS.items():
        if tuple(words[: len(begin)]) == begin:
            return reason
    return next((_NO_CALL[word] for word in words if word in _NO_CALL), None)
