"""What the `rerate` verbs refuse before they do anything."""

import pytest

from consumers.__main__ import main

PERIOD = ("--from", "2026-11-01", "--to", "2026-12-01")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("apply", "r0", "--batch-calls", "0"),
            "--batch-calls: '0' is not usable; expected a whole number from 1 to 500",
        ),
        (("revert", "r0", "--by", "a", "--why", "b", "--batch-calls", "-1"), "'-1' is not usable"),
        (("apply", "r0", "--batch-calls", "501"), "'501' is not usable"),
        (("approve", "r0", "--by", " ", "--why", "a typo"), "--by: ' ' says nothing"),
        (("approve", "r0", "--by", "ada", "--why", ""), "--why: '' says nothing"),
        (("revert", "r0", "--by", "", "--why", "a typo"), "--by: '' says nothing"),
        (("approve", "r0", "--by", "ada"), "--why is missing: kept with the run"),
        (("stage", "--from", "yesterday"), "--from: 'yesterday' is not a day; expected one as in"),
        (
            ("stage", *PERIOD, "--book", "a.toml", "b.toml", "--book-version", "0"),
            "--book and --book-version are given; expected one of --book, --book-version",
        ),
        (("what-if", *PERIOD, "--format", "jsno"), "table, json, csv; did you mean json?"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_by_its_name(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rerate", *arguments]) == 2
    assert message in capsys.readouterr().err
