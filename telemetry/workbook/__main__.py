"""`python -m telemetry.workbook [FOLDER]` writes workbook.json and telemetry_alerts.json."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from telemetry.workbook.alerts import alert_rules
from telemetry.workbook.pages import workbook

FOLDER = Path("bicep")


def files() -> Mapping[str, str]:
    """The text of each file, by name."""
    made: dict[str, Any] = {"workbook.json": workbook(), "telemetry_alerts.json": alert_rules()}
    return {name: json.dumps(what, indent=2) + "\n" for name, what in made.items()}


def main(words: Sequence[str]) -> int:
    """The exit code."""
    folder = Path(words[0]) if words else FOLDER
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
