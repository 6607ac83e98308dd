"""Text on a PDF page: which font draws which letter, right-to-left names, what fits a width.

Covers Latin, Greek, Cyrillic, Hebrew, Arabic, Chinese, Japanese and Korean. Arabic is joined by its
presentation forms and lines are ordered by the Unicode bidirectional algorithm. Other scripts
(Indic, Thai, emoji) have no letters in the shipped fonts: each such letter is drawn as �.
"""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "NotoSans-Regular", "NotoSans-Bold"
_FALLBACKS = ("NotoSansHebrew-Regular", "NotoSansArabic-Regular", "DroidSansFallback")
MISSING = "\ufffd"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]").search
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")

Run = tuple[str, str]
"""Font name and the text it draws, in visual order."""


@cache
def _font(name: str) -> Any:
    """Registers a font once a process; gives its face, which knows widths and letters."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415  # 0.2 s, for those who draw
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    font = TTFont(name, str(FONTS / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font.face


@lru_cache(maxsize=65_536)
def runs(text: str, font: str) -> tuple[Run, ...]:
    """The text as it is drawn: in visual order, each piece with a font that has its letters."""
    found: list[tuple[str, list[str]]] = []
    for letter in _visual(text):
        name, drawn = _font_of(letter, font)
        if found and found[-1][0] == name:
            found[-1][1].append(drawn)
        else:
            found.append((name, [drawn]))
    return tuple((name, "".join(letters)) for name, letters in found)


def width(text: str, font: str, size: int) -> int:
    """Width in thousandths of a point."""
    total = 0
    for name, piece in runs(text, font):
        face = _font(name)
        total += sum(round(face.charWidths.get(ord(letter), face.defaultWidth)) for letter in piece)
    return total * size


@lru_cache(maxsize=65_536)
def fitted(text: str, font: str, size: int, points: int) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if width(text, font, size) <= points * 1000:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(f"{text[:middle]}…", font, size) <= points * 1000:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low]}…"


@lru_cache(maxsize=65_536)
def wrapped(text: str, font: str, size: int, points: int) -> tuple[str, ...]:
    """The text in as many lines as it needs, broken at spaces, and within a word that is wider."""
    if width(text, font, size) <= points * 1000:
        return (text,)
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(f"{line} {word}", font, size) <= points * 1000:
            line = f"{line} {word}"
            continue
        lines += [line] if line else []
        *full, line = _broken(word, font, size, points)
        lines += full
    return (*lines, line)


def _broken(word: str, font: str, size: int, points: int) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and width(pieces[-1] + letter, font, size) > points * 1000:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _visual(text: str) -> str:
    """Letters in the order in which they stand on the page, Arabic joined."""
    flat = unicodedata.normalize("NFC", _CONTROLS.sub(" ", text))
    if _RIGHT_TO_LEFT(flat) is None:
        return flat
    from arabic_reshaper import reshape  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs
    from bidi import get_display  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs

    return str(get_display(reshape(flat), base_dir="L"))


@lru_cache(maxsize=65_536)
def _font_of(letter: str, font: str) -> Run:
    for name in (font, *_FALLBACKS):
        if ord(letter) in _font(name).charToGlyph:
            return name, letter
    return font, MISSING
