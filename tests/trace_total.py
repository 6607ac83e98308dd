"""What a recorded trace costs, by Decimal arithmetic over its CSV and the books' own text.

No line of the rating engine; the deal of deployments alone is the sender's.
"""

import csv
import tomllib
from decimal import Decimal
from pathlib import Path

from local_stack.traffic.trace import deal
from tests.paths import ROOT

TRACE = ROOT.parent / "shared/data/traces/azure_llm_inference_2023_code.csv"


def total_of(trace: Path) -> Decimal:
    """In USD, of a trace in the form of Azure's."""
    rules = [
        rule
        for book in (ROOT / "pricing_rules/books").glob("*.toml")
        for rule in tomllib.loads(book.read_text())["rule"]
        if rule["match"].get("deployment") == ["GlobalStandard"]
        and rule["match"].get("service_tier") == "default"
        and rule["unit"] == "1M"
        and {"input", "output"} <= rule.get("rates", {}).keys()
    ]
    prices = {
        rule["match"]["model"]: (Decimal(rule["rates"]["input"]), Decimal(rule["rates"]["output"]))
        for rule in sorted(rules, key=lambda rule: rule["valid_from"])
    }
    total = Decimal(0)
    with trace.open(newline="") as file:
        for row, line in enumerate(csv.DictReader(file)):
            _, deployment = deal(row)
            per_input, per_output = prices[deployment]
            total += int(line["ContextTokens"]) * per_input
            total += int(line["GeneratedTokens"]) * per_output
    return total / 1_000_000
