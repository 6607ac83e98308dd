"""Billed operations that nobody counts per call, as C# of chargeback-capture-call. The list itself
is a data file of consumers, whose reader of the gateway's log counts by it.

`python -m apim_policies.unmetered` writes the fragment after a change of the list.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

OPERATIONS_FILE = Path(__file__).parents[1] / "consumers/gateway_log/unmetered_operations.json"
FRAGMENT = Path(__file__).parent / "chargeback-capture-call.fragment.xml"
_WRITTEN = re.compile(
    r"(?<=var path = context\.Request\.OriginalUrl\.Path;\n)(?: +if \(Regex\.IsMatch\(path.*\n)*"
)


def read_operations() -> dict[str, str]:
    """The name of each operation, and the pattern of the path of its POST requests. No case counts,
    and no pattern has a character that XML or C# would escape."""
    operations: dict[str, str] = json.loads(OPERATIONS_FILE.read_text(encoding="utf-8"))
    return operations


def with_operations(fragment: str, operations: Mapping[str, str]) -> str:
    """The fragment's text with one line for each operation."""
    lines = "".join(
        f'          if (Regex.IsMatch(path, "(?i){pattern}")) {{ return "{name}"; }}\n'
        for name, pattern in operations.items()
    )
    return _WRITTEN.sub(lambda _: lines, fragment, count=1)


if __name__ == "__main__":
    text = with_operations(FRAGMENT.read_text(encoding="utf-8"), read_operations())
    FRAGMENT.write_text(text, encoding="utf-8")
