"""What the `rerate` verbs refuse before they do anything."""

import pytest

from consumers.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("apply", "r0", "--batch-calls", "0"), "--batch-calls: '0' is not a number from 1 to"),
        (("revert", "r0", "--by", "a", "--why", "b", "--batch-calls", "-1"), "'-1' is not a"),
        (("apply", "r0", "--batch-calls", "501"), "'501' is not a number from 1 to 500"),
        (("approve", "r0", "--by", " ", "--why", "a typo"), "--by: says nothing"),
        (("approve", "r0", "--by", "ada", "--why", ""), "--why: says nothing"),
        (("revert", "r0", "--by", "", "--why", "a typo"), "--by: says nothing"),
    ],
)
def test_an_argument_that_says_nothing_is_refused_by_its_name(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["rerate", *arguments])
    assert message in capsys.readouterr().err
