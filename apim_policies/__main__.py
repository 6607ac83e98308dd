"""`python -m apim_policies check`: compile and run the policies before they are deployed."""

import argparse
import sys
from pathlib import Path

from apim_policies.check import Check, check_policies

_FOLDER = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m apim_policies", description=__doc__)
    parser.add_argument("verb", choices=["check"])
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the policy files are")
    parser.add_argument("--bicep", type=Path, default=_FOLDER.parent / "bicep")
    arguments = parser.parse_args()
    failed = False
    for check in check_policies(arguments.folder, arguments.bicep):
        _print(check)
        failed = failed or bool(check.findings)
    return 1 if failed else 0


def _print(check: Check) -> None:
    """Findings go to stdout, one per line as FILE:LINE: MESSAGE; the outcome goes to stderr."""
    if check.findings:
        print(f"FAILED   {check.claim}", file=sys.stderr)
        for finding in check.findings:
            print(finding)
    elif check.skipped:
        print(f"SKIPPED  {check.claim}: {check.skipped}", file=sys.stderr)
    else:
        print(f"OK       {check.claim}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
