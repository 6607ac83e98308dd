"""Files that a verb cannot read or write end it with one line that names them."""

from pathlib import Path

import pytest

from tests.pricing_rules.verbs.test_verbs import Output, run

BOOKS = "pricing_rules/books"


def said(capsys: Output, *words: str) -> str:
    _, err = run(capsys, words, code=1)
    [line] = err.splitlines()
    return line


def test_a_compiled_book_is_named_by_its_file(capsys: Output, tmp_path: Path) -> None:
    absent, cut = tmp_path / "absent.json", tmp_path / "cut.json"
    cut.write_text('{"version":', encoding="utf-8")
    found = said(capsys, "diff", str(absent), BOOKS)
    assert found == f"error: {absent}: No such file or directory"
    assert said(capsys, "diff", str(cut), BOOKS).startswith(f"error: {cut}: is no compiled book:")


def test_a_folder_without_rule_files_is_no_book(capsys: Output, tmp_path: Path) -> None:
    """All of the other book would be listed as added."""
    found = said(capsys, "diff", str(tmp_path), BOOKS)
    assert found == f"error: {tmp_path}: holds no rule file (*.toml)"


@pytest.mark.parametrize("name", ["absent/book.json", ""])
def test_what_cannot_be_written_is_named(name: str, capsys: Output, tmp_path: Path) -> None:
    assert said(capsys, "compile", "--out", str(tmp_path / name)).startswith(f"error: {tmp_path}")


def test_a_folder_that_is_not_there_is_named_before_prices_are_fetched(
    capsys: Output, tmp_path: Path
) -> None:
    nobody = "http://127.0.0.1:9"  # asking it would end with another error
    out = tmp_path / "absent" / "prices.json"
    found = said(capsys, "fetch-azure", "--url", nobody, "--out", str(out))
    assert found == f"error: {out.parent} is no folder to write to"
