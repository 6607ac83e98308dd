"""Money, counts, days and names as text for people. Amounts stay Decimal; no sums here."""

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

SMALL_AMOUNT_DIGITS = 3
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400
NO_BREAK = "\u00a0"
"""A space at which no line breaks."""
DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that say in which direction a text is read. Scripts that are read from the right need none
to be read so.
"""
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
"""Around a text with its own direction of reading, by its first letter."""
JOINER = "\u2060"
"""Word joiner: invisible, and enough to keep Markdown from seeing an address in a name."""


def number(value: Decimal) -> str:
    """Rounded for reading: two decimals from 1 on, three significant digits below 1.

    1234.567 → "1,234.57", 0.9996 → "1.000", 0.00012345 → "0.000123". An amount that is not zero is
    never shown as 0.00, and zero is "0".
    """
    if not value:
        return "0"
    places = 2 if abs(value) >= 1 else SMALL_AMOUNT_DIGITS - 1 - value.adjusted()
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return minus(f"{rounded:,f}")


def minus(text: str) -> str:
    """A hyphen is too short for a sign, and a line may break after it."""
    return text.replace("-", "−")


def signed(value: Decimal) -> str:
    """1.5 → "+1.50", −1.5 → "−1.50", 0 → "0"."""
    sign = "" if not value else "+" if value > 0 else "−"
    return f"{sign}{number(abs(value))}"


def exact_number(value: Decimal) -> str:
    """Every digit and no more: 0.1133 → "0.1133", 2.50 → "2.5"."""
    text = minus(f"{value:,f}")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Decimal, currency: str) -> str:
    return f"{number(value)} {currency}"


def exact_amount(value: Decimal, currency: str) -> str:
    return f"{exact_number(value)} {currency}"


def billed(value: Decimal, currency: str) -> str:
    """A rounded amount of an invoice with all decimals of its currency: 0.20 stays "0.20"."""
    return f"{minus(f'{value:,f}')} {currency}"


def share(part: int, whole: int) -> str:
    """A share in per cent, as `percent` says it. Without a whole it is a dash."""
    return percent(Decimal(part * 100) / Decimal(whole)) if whole else "—"


def percent(value: Decimal) -> str:
    """With one decimal. Nothing is 0 %, and all is 100.0 %: what is a little more or less than that
    is not shown as it.

    0.04 → "< 0.1 %", −0.04 → "> −0.1 %", 99.96 → "> 99.9 %", 100.04 → "> 100.0 %", and
    −99.96 → "< −99.9 %".
    """
    if not value:
        return "0 %"
    size, sign = abs(value), "−" if value < 0 else ""
    further, nearer = ("<", ">") if value < 0 else (">", "<")
    if size < Decimal("0.1"):
        return f"{nearer} {sign}0.1 %"
    if Decimal("99.9") < size < 100:
        return f"{further} {sign}99.9 %"
    shown = f"{sign}{size:.1f} %"
    return f"{further} {shown}" if size > 100 and shown.endswith("100.0 %") else shown


def counted(count: int, noun: str) -> str:
    """1 → "1 call", 1204 → "1,204 calls"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def compact(count: int) -> str:
    """12_345_678 → "12.3 M", 12_345 → "12.3 k", 999 → "999"."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        # Rounded, 999,950 is 1,000.0 k: the next larger letter begins there.
        if count >= size - size // 20_000:
            return f"{Decimal(count) / size:.1f} {letter}"
    return str(count)


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def month_name(month: str) -> str:
    """ "2026-10" → "October 2026"."""
    return f"{date.fromisoformat(f'{month[:7]}-01'):%B %Y}"


def days(first: date, last: date) -> str:
    """1 to 30 Nov 2026 → "1–30 Nov 2026"; one day is written once."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{day(first)} – {day(last)}"


def instant(value: datetime, zone: str) -> str:
    """An instant to the second, in the billing zone, with the zone's abbreviation."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local.date())}, {local:%H:%M:%S %Z}"


def local_day(value: datetime, zone: str) -> str:
    """The day on which it was, in the billing zone."""
    return day(value.astimezone(ZoneInfo(zone)).date())


def utc(value: datetime) -> str:
    """A day of UTC, by which prices begin and end; with the time of day where it is no midnight."""
    at = value.astimezone(UTC)
    return day(at.date()) + ("" if at.time() == time() else f", {at:%H:%M:%S}".removesuffix(":00"))


def hour(value: datetime, zone: str) -> str:
    """The hour that begins then, in the billing zone."""
    return f"{local_day(value, zone)}, {minute(value, zone)}"


def minute(value: datetime, zone: str) -> str:
    """The time of day in the billing zone."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M}{_which(local)}"


def clock(value: datetime, zone: str) -> str:
    """The time of day in the billing zone, to the millisecond, so calls of one second differ."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}{_which(local)}"


def _which(local: datetime) -> str:
    """The zone's abbreviation after a time that the clock shows twice, when summer time ends."""
    other = local.replace(fold=1 - local.fold)
    return f" {local:%Z}" if other.utcoffset() != local.utcoffset() else ""


def age(then: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits. A clock ahead of ours reads "just now"."""
    seconds = int((now - then).total_seconds())
    if seconds < 1:
        return "just now"
    if seconds < MINUTE_S:
        return f"{seconds} s ago"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min ago"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h ago"
    return f"{seconds // DAY_S} days ago" if seconds >= 2 * DAY_S else "1 day ago"


def unit(name: str) -> str:
    """A unit's name as a label: "cache_read" → "cache read"."""
    return name.replace("_", " ")


def escape(name: str) -> str:
    """A name as Markdown that reads as the name: no markup, no link, no formula, no icon.

    A backslash before punctuation is not enough: addresses and `:icons:` are found after it is
    gone, so a joiner breaks them. Marks that turn the direction of reading are left out: one in a
    name would turn the amounts that follow it, and 12 would read as 21. A name in a script that is
    read from the right is isolated: a number after it would go to its left, and its sign behind it.
    """
    flat = _flat(name)
    quiet = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", flat)
    quiet = re.sub(r"(\\[@:])", rf"{JOINER}\1{JOINER}", quiet)
    shown = re.sub(r"(?i)\bwww(?=\\\.)", rf"\g<0>{JOINER}", quiet)
    return f"{ISOLATE}{shown}{END_ISOLATE}" if _is_from_the_right(flat) else shown


def among_others(name: str) -> str:
    """A name as plain text that other words or numbers follow, as in a chart's title."""
    flat = _flat(name)
    return f"{ISOLATE}{flat}{END_ISOLATE}" if _is_from_the_right(flat) else flat


def _flat(name: str) -> str:
    """In one line, and without marks of the direction of reading."""
    return re.sub(r"\s+", " ", DIRECTION.sub("", name))


def _is_from_the_right(text: str) -> bool:
    return any(bidirectional(letter) in ("R", "AL", "AN") for letter in text)
