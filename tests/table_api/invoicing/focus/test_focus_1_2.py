"""Cost and Usage of FOCUS 1.2, in the opinion of the FinOps Foundation's own validator.

It needs Python 3.12 and an older numpy than ours: `make test` gives it an environment of its own.
"""

import re
import subprocess
from pathlib import Path

import pytest

from table_api.invoicing.closing.renditions import render_focus_1_2
from table_api.invoicing.snapshots.billing_month import BillingMonth
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing
from tests.paths import ROOT

ENVIRONMENT = ROOT / ".venv/focus"
VALIDATOR = ENVIRONMENT / "bin/focus-validator"
RULES, PASSED_MIN = 578, 270
"""Rules of 1.2 for Cost and Usage; the others do not apply here or are not written yet."""
KNOWN = {"InvoiceId-C-004-C"}
"""One of two rules under an OR, judged alone: an id must be null where there is no invoice."""
CRITERIA = ",".join(
    f"{name}_SUPPORTED"
    for name in (
        "ACCOUNT_NAMING",
        "MULTIPLE_BILLING_ACCOUNT_TYPES",
        "MULTIPLE_SUB_ACCOUNT_TYPES",
        "NEGOTIATED_PRICING",
        "PRICING_BILLING_CURRENCY_DIFFERENCES",
        "PUBLIC_PRICE_LIST",
        "REGION",
        "RESOURCE_TYPE_ASSIGNMENT",
        "SUB_ACCOUNT",
        "TAGGING",
        "UNIT_PRICING",
        "USAGE_MEASUREMENT",
    )
)
needs_validator = pytest.mark.skipif(
    not VALIDATOR.exists(), reason="focus-validator needs Python 3.12, and none was found"
)


async def rendered(billing: Billing, month: BillingMonth) -> bytes:
    snapshot, _ = await (await billing.job()).archive.standing_snapshot(month)
    return render_focus_1_2(snapshot)


def validate(content: bytes, folder: Path) -> tuple[int, int, set[str]]:
    """Rules, rules that passed, and the ids of those that failed. Its exit code is always 0."""
    file = folder / "cost_and_usage_1_2.csv"
    file.write_bytes(content)
    [packages] = ENVIRONMENT.glob("lib/python3.*/site-packages")
    command = [
        *(str(VALIDATOR), "--data-file", str(file), "--validate-version", "1.2"),
        *("--block-download", "--applicability-criteria", CRITERIA),
    ]
    # It reads the ISO currency codes relative to where it is started.
    run = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    counted = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", run.stdout)
    assert counted, run.stdout[-2000:] + run.stderr[-2000:]
    failed = set(re.findall(r"^❌ (\S+): FAIL", run.stdout, re.MULTILINE))
    assert len(failed) == int(counted[3])
    return int(counted[1]), int(counted[2]), failed


@needs_validator
@pytest.mark.parametrize("month", [OCTOBER, NOVEMBER])
async def test_the_official_validator_finds_the_one_known_line(
    closed: Billing, tmp_path: Path, month: BillingMonth
) -> None:
    rules, passed, failed = validate(await rendered(closed, month), tmp_path)
    assert (rules, failed) == (RULES, KNOWN)
    assert passed >= PASSED_MIN


@needs_validator
async def test_the_official_validator_would_find_a_wrong_value(
    closed: Billing, tmp_path: Path
) -> None:
    content = (await rendered(closed, OCTOBER)).replace(b",USD,", b",XXY,")
    _, _, failed = validate(content, tmp_path)
    assert any(rule.startswith("BillingCurrency-") for rule in failed)


async def test_a_row_of_1_2_has_one_provider_and_no_column_of_later_versions(
    closed: Billing,
) -> None:
    header, row, *_ = (await rendered(closed, OCTOBER)).decode().split("\r\n")
    names = header.split(",")
    assert {"ProviderName", "PublisherName"} <= set(names)
    assert not {"ServiceProviderName", "HostProviderName", "InvoiceDetailId"} & set(names)
    assert row.split(",")[names.index("BillingCurrency")] == "USD"
