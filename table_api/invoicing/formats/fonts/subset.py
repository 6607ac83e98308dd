"""Makes the shipped fonts from Debian's packages: only what names and invoices need, no hints.

    apt-get download fonts-noto-core fonts-droid-fallback
    for package in *.deb; do dpkg-deb -x "$package" debian; done
    python table_api/invoicing/formats/fonts/subset.py debian/usr/share

Debian 12: fonts-noto-core 20201225-1 (SIL Open Font License 1.1), fonts-droid-fallback
1:6.0.1r16-1.1 (Apache License 2.0). Run with the fonttools of the development dependencies.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]  # no stubs
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # no stubs

_HERE = Path(__file__).parent
_NOTO = "fonts/truetype/noto"
_DROID = "fonts-droid-fallback/truetype"

_LATIN_GREEK_CYRILLIC = (
    *range(0x20, 0x250),
    *range(0x2B0, 0x3E2),
    *range(0x3F0, 0x530),
    *range(0x1E00, 0x2000),
    *range(0x2010, 0x2028),
    *range(0x2030, 0x205F),
    *range(0x2070, 0x2095),
    *range(0x20A0, 0x20C0),
    *range(0x2100, 0x2140),
    *(0x2190, 0x2192, 0x2212, 0x2260, 0x2264, 0x2265, 0xFFFD),
)
_HEBREW = (*range(0x590, 0x600), *range(0xFB1D, 0xFB50))
_ARABIC = (
    *range(0x600, 0x700),
    *range(0x750, 0x780),
    *range(0xFB50, 0xFE00),
    *range(0xFE70, 0xFF00),
)
_EAST_ASIAN = (
    *range(0x3000, 0x3100),
    *range(0x3400, 0x4DC0),
    *range(0x4E00, 0xA000),
    *range(0xAC00, 0xD7A4),
    *range(0xF900, 0xFB00),
    *range(0xFF00, 0xFFF0),
)
_FONTS = {
    f"{_NOTO}/NotoSans-Regular.ttf": _LATIN_GREEK_CYRILLIC,
    f"{_NOTO}/NotoSans-Bold.ttf": _LATIN_GREEK_CYRILLIC,
    f"{_NOTO}/NotoSansHebrew-Regular.ttf": _HEBREW,
    f"{_NOTO}/NotoSansArabic-Regular.ttf": _ARABIC,
    f"{_DROID}/DroidSansFallback.ttf": _EAST_ASIAN,
}


def subset(share: Path) -> None:
    """Write every font beside this file."""
    options = Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # names, copyright and licence stay
    options.recalc_timestamp = False
    options.notdef_outline = True
    for path, characters in _FONTS.items():
        font = TTFont(share / path)
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=characters)
        subsetter.subset(font)
        target = _HERE / Path(path).name
        font.save(target)
        print(f"{target.name}: {target.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    subset(Path(sys.argv[1]))
