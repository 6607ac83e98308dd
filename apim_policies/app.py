"""The verb `check` as a Typer app: compile and run the policies before they are deployed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from command_line.app import Verb, new_app
from command_line.json_form import AsJson, print_json

if TYPE_CHECKING:
    from apim_policies.check import Check

FOLDER = Path(__file__).parent

policies = new_app("The gateway's policies")
app = new_app("The gateway's policies. Findings go to stdout, the outcome of each check to stderr.")
app.add_typer(policies)


@policies.command("check", cls=Verb)
def _check(
    folder: Annotated[
        Path,
        typer.Option(
            "--folder",
            metavar="DIRECTORY",
            help="where the policy files are; default: those of this package",
            show_default=False,
        ),
    ] = FOLDER,
    bicep: Annotated[
        Path,
        typer.Option(
            "--bicep",
            metavar="DIRECTORY",
            help="where the deployment's files are; default: bicep/ next to this package",
            show_default=False,
        ),
    ] = FOLDER.parent / "bicep",
    as_json: AsJson = False,
) -> int:
    """Compile and run the policies; exit code 1 when something is found."""
    from apim_policies.check import check_policies

    done = []
    for check in check_policies(folder, bicep):
        done.append(check)
        if not as_json:
            _print(check)
    if as_json:
        print_json(done)
    return 1 if any(check.findings for check in done) else 0


def _print(check: "Check") -> None:
    """Findings go to stdout, one per line as FILE:LINE: MESSAGE; the outcome goes to stderr."""
    if check.findings:
        print(f"FAILED   {check.claim}", file=sys.stderr)
        for finding in check.findings:
            print(finding)
    elif check.skipped:
        print(f"SKIPPED  {check.claim}: {check.skipped}", file=sys.stderr)
    else:
        print(f"OK       {check.claim}", file=sys.stderr)
