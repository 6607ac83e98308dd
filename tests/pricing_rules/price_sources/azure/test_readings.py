"""Reading meter names by rules: against the table made by hand, held-out names and hostile ones.

`meters_by_hand.csv` is what a person read in the recorded dump of East US 2, August 2025.
`meters_held_out.csv` are names that others publish of other regions and years (Canada Central and
Sweden Central 2026, East US 2 of October 2026, a 2025 list of SKUs). Their readings were written
by hand, before the rules were run on them; how they spell models came from the same lists.
`meters_2026.csv` are Azure's rows of December 2025 to September 2026, as modelmeters.com published
them: the rules, made without them, read 278 of 319 and listed 41; lines for 30 were then added.
`meters_blind.csv` are such rows of August 2024, October and November 2025 and October 2026: the
rules read 112 of 152 and listed 40, of which 23 then got words or lines.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from pricing_rules.price_sources.azure.readings import (
    Meter,
    MeterName,
    NoCall,
    PromptBand,
    Unread,
    read_meter,
)
from pricing_rules.price_sources.azure.rows import read_meter_table
from pricing_rules.price_sources.azure.spellings import LONG_PROMPT_ABOVE, family_of
from tests.paths import SHARED

HERE = Path(__file__).parent
DUMPS = SHARED / "data" / "azure_retail_prices"
Line = dict[str, str]


def lines(name: str) -> list[Line]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


HELD_OUT = lines("meters_held_out.csv")
READ = [line for line in HELD_OUT if not line["unread"]]
LISTED = [line for line in HELD_OUT if line["unread"]]
HOSTILE = lines("meters_adversarial.csv")


def name_of(line: Mapping[str, str]) -> MeterName:
    return MeterName(
        meter=line["meter"],
        product=line["product"],
        counted=line["counted"],
        sku=line.get("sku", ""),
        arm_sku=line.get("arm_sku", ""),
    )


def as_line(meter: Meter) -> Line:
    band = meter.prompt_tokens
    return {
        "model": meter.model,
        "version": meter.version or "",
        "deployment": meter.deployment,
        "service_tier": meter.service_tier,
        "band": f"<={band.up_to}" if band.up_to else f">{band.above}" if band.above else "",
        "unit": meter.unit,
    }


def recorded_names() -> dict[str, MeterName]:
    """Every token meter of the recorded dump, with all fields of its row."""
    rows = [
        row
        for name in ("aoai_eastus2_all.json", "partner_models_eastus2.json")
        for row in json.loads((DUMPS / name).read_text(encoding="utf-8"))["Items"]
    ]
    return {
        row["meterName"]: MeterName(
            meter=row["meterName"],
            product=row["productName"],
            counted=row["unitOfMeasure"],
            sku=row["skuName"],
            arm_sku=row["armSkuName"],
        )
        for row in rows
        if row["unitOfMeasure"] in {"1K", "1M"}
    }


@pytest.mark.skipif(not DUMPS.exists(), reason="the dumps of Azure's price list are not here")
def test_the_rules_read_the_recorded_dump_as_a_person_did() -> None:
    """Each of 654 meters: 566 prices and 70 reasons are equal; 18 exceptions have a line."""
    exceptions = read_meter_table()
    by_hand = lines("meters_by_hand.csv")
    names = recorded_names()
    assert {line["meter"] for line in by_hand} == names.keys()
    read = {line["meter"]: read_meter(names[line["meter"]]) for line in by_hand}
    differences = {
        line["meter"]
        for line in by_hand
        if not _reads_as(read[line["meter"]], line) or line["meter"] in exceptions
    }
    assert differences == exceptions.keys()
    assert all(isinstance(read[name], Unread) for name in exceptions)
    assert (len(by_hand), len(exceptions)) == (654, 18)


def _reads_as(reading: object, line: Line) -> bool:
    if line["not_priced_because"]:
        return reading == NoCall(line["not_priced_because"])
    if not isinstance(reading, tuple) or len(reading) != 1:
        return False
    (meter,) = reading
    fields = ("model", "version", "deployment", "service_tier", "unit")
    same = {field: as_line(meter)[field] for field in fields} == {f: line[f] for f in fields}
    return same and meter.family == line["family"] and meter.prompt_tokens == PromptBand()


def test_the_names_held_out_are_many_and_none_was_in_the_table_by_hand() -> None:
    by_hand = {line["meter"] for line in lines("meters_by_hand.csv")}
    held_out = [line["meter"] for line in HELD_OUT]
    assert len(held_out) == len(set(held_out))
    assert by_hand.isdisjoint(held_out)
    assert len(READ) >= 80


@pytest.mark.parametrize("line", READ, ids=lambda line: line["meter"])
def test_a_name_of_another_region_or_year_is_read(line: Line) -> None:
    meters = read_meter(name_of(line))
    assert isinstance(meters, tuple), meters
    assert [as_line(meter) | {"model": ""} for meter in meters] == [
        {field: line[field] for field in as_line(meter)} | {"model": ""} for meter in meters
    ]
    assert [meter.model for meter in meters] == line["model"].split()
    assert all(meter.doubt is None for meter in meters)


@pytest.mark.parametrize("line", LISTED, ids=lambda line: line["meter"])
def test_a_name_held_out_that_no_rule_reads_is_listed(line: Line) -> None:
    unread = read_meter(name_of(line))
    assert isinstance(unread, Unread), unread
    assert line["unread"] in unread.reason


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: f"{line['meter']}|{line['arm_sku']}")
def test_a_hostile_name_is_listed_and_never_priced(line: Line) -> None:
    unread = read_meter(name_of(line))
    assert isinstance(unread, Unread), unread
    assert line["unread"] in unread.reason
    assert unread.line.startswith(line["meter"])


@pytest.mark.parametrize(
    ("meter", "reason"),
    [
        ("gpt 4.1 dev ft training glbl Tokens", "training"),
        ("gpt-4o-mini-0718-FT-Trng-glbl Tokens", "training"),
        ("o3-mini-ft mdl grdr inpt Tokens", "grading during fine-tuning"),
        ("Voice Live API Std- LLM Audio Cached Tokens", "Voice Live API, a speech service"),
    ],
)
def test_a_meter_that_prices_no_call_is_said_to(meter: str, reason: str) -> None:
    no_call = read_meter(MeterName(meter=meter, product="Azure OpenAI", counted="1K"))
    assert isinstance(no_call, NoCall)
    assert no_call.reason.startswith(reason)


@pytest.mark.skipif(not DUMPS.exists(), reason="the dumps of Azure's price list are not here")
def test_an_unknown_word_anywhere_makes_any_recorded_name_unread() -> None:
    tried = 0
    for name in recorded_names().values():
        if not isinstance(read_meter(name), tuple):
            continue
        words = name.meter.split()
        for at in range(len(words)):
            grown = " ".join([*words[:at], "zz", *words[at:]])
            changed = MeterName(meter=grown, product=name.product, counted=name.counted)
            assert isinstance(read_meter(changed), Unread), grown
            tried += 1
    assert tried > 2_500


def test_every_model_with_a_long_price_has_a_family() -> None:
    for model in LONG_PROMPT_ABOVE:
        assert family_of(model) is not None
    assert family_of("gpt-4.1-mini-ft") == "gpt_4_1"
    assert family_of("no-such-model") is None


def test_a_long_prompt_of_a_model_without_a_known_bound_is_a_doubt() -> None:
    name = MeterName(meter="5.9 LongCo inp Gl 1M Tokens", product="Azure OpenAI GPT5", counted="1M")
    reading = read_meter(name)
    assert isinstance(reading, tuple)
    assert reading[0].doubt == "which prompts of gpt-5.9 are long is not known"


class Rate(NamedTuple):
    model: str
    deployment: str
    tier: str
    band: str
    unit: str


def published_rates() -> dict[Rate, Decimal]:
    """Price per 1M of what the rules read in rows as Azure published them."""
    rates: dict[Rate, Decimal] = {}
    for line in [*lines("meters_2026.csv"), *lines("meters_blind.csv")]:
        price = Decimal(line["price"]) * (1_000 if line["counted"] == "1K" else 1)
        reading = read_meter(name_of(line))
        for meter in reading if isinstance(reading, tuple) else ():
            read = as_line(meter)
            model = f"{meter.model} {meter.version}"
            band = read["band"][:1]
            key = Rate(model, read["deployment"], read["service_tier"], band, meter.unit)
            assert rates.setdefault(key, price) == price, line
    return rates


def relatives(rate: Rate) -> Iterator[tuple[str, Rate, str, str]]:
    """What the price is related to, and between which ratios."""
    standard = rate.deployment.replace("Batch", "Standard")
    usual = rate._replace(deployment=standard, tier="default")
    cached, _, modality = rate.unit.partition("_read")
    yield from {
        "batch": [("batch", usual, "0.48", "0.53")],
        "priority": [("priority", usual, "1.75", "2.5")],
        "flex": [("flex", usual, "0.5", "0.5")],
    }.get(rate.tier, [])
    if rate.deployment.startswith("DataZone"):
        everywhere = rate._replace(deployment=rate.deployment.replace("DataZone", "Global"))
        yield "data zone", everywhere, "1", "1.2"
    if rate.band == ">":
        times = "1.5" if rate.unit == "output" and rate.model.startswith("gpt") else "2"
        yield "long", rate._replace(band=""), times, times
        yield "long", rate._replace(band="<"), times, times
    if cached == "cache":
        yield "cached", rate._replace(unit=f"input{modality}"), "0.01", "0.5"
    if rate.unit == "cache_write_5m":
        yield "written", rate._replace(unit="input"), "1.25", "1.25"


def test_published_prices_say_that_the_words_mean_what_the_rules_read() -> None:
    """Azure prices by ratios: a word read wrongly would give another one.

    Batch and flex are half, priority 1.75 to 2.5 times; a Data Zone 1 to 1.2 times, rounded;
    a long prompt is twice the input and 1.5 times GPT's output; cached input 1 to 50 %.
    """
    rates = published_rates()
    compared: Counter[str] = Counter()
    for rate, price in rates.items():
        for what, other, low, high in relatives(rate):
            if other in rates:
                compared[what] += 1
                ratio = price / rates[other]
                assert Decimal(low) <= ratio <= Decimal(high), (what, rate, ratio)
    assert compared.keys() == {
        "batch", "priority", "flex", "data zone", "long", "cached", "written"
    }  # fmt: skip
    assert sum(compared.values()) > 320, compared


def test_of_the_rows_of_2026_twelve_are_listed() -> None:
    readings = [(line["meter"], read_meter(name_of(line))) for line in lines("meters_2026.csv")]
    unread = {meter for meter, reading in readings if isinstance(reading, Unread)}
    assert len(readings) == 319
    assert unread == {
        *(f"MAI {letter} Tokens" for letter in "wpoxz"),
        *(f"o4 mini dev RFT {what} glb Tokens" for what in ("cd inp", "inp", "opt")),
        "3.3 70b FT Tokens",
        "FW GPT OSS 120B Inp DZ Tokens",
        "FW MiniMax 2.7 Outp DZ Tokens",
        "FW MiniMax 2.7 Cache Inp DZ Tokens",
    }


def test_of_the_rows_that_were_read_blind_seventeen_are_listed() -> None:
    readings = [read_meter(name_of(line)) for line in lines("meters_blind.csv")]
    unread = [reading.meter for reading in readings if isinstance(reading, Unread)]
    assert (len(readings), len(unread)) == (152, 17)
    assert not any(isinstance(reading, NoCall) for reading in readings)
    known = ("FT", "Unit", "Second", "trb16K", "Decision")
    assert all(any(word in meter for word in known) for meter in unread), unread
