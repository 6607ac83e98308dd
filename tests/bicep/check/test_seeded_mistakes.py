"""Each seeded mistake is found, in its file and line; the checkout itself has none."""

import shutil
from pathlib import Path

import pytest

from bicep.check.checkout import check
from tests.bicep.check.seeded import MISTAKES, Mistake
from tests.paths import ROOT

COPIED = ("bicep", "apim_policies", "Dockerfile")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose files of the deployment may be changed."""
    for each in ROOT.iterdir():
        if each.name not in COPIED:
            (tmp_path / each.name).symlink_to(each)
        elif each.is_file():
            shutil.copy(each, tmp_path)
        else:
            without = shutil.ignore_patterns("*.py", "__pycache__", "harness", "samples")
            shutil.copytree(each, tmp_path / each.name, ignore=without)
    return tmp_path


def line_of(path: Path, text: str) -> int:
    content = path.read_text(encoding="utf-8")
    return content[: content.index(text)].count("\n") + 1


def seed(checkout: Path, mistake: Mistake) -> tuple[str, int]:
    """Makes the edit; file and line in which it has to be found."""
    path = checkout / mistake.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mistake.right) >= 1, f"{mistake.file} has no {mistake.right!r}"
    before = text.index(mistake.right)
    path.write_text(text.replace(mistake.right, mistake.wrong, 1), encoding="utf-8")
    file = mistake.found_in or mistake.file
    if mistake.at:
        return file, line_of(checkout / file, mistake.at)
    changed = _first_difference(mistake.right, mistake.wrong)
    return file, text[: before + changed].count("\n") + 1


def _first_difference(right: str, wrong: str) -> int:
    pairs = zip(right, wrong, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(right), len(wrong)))


def test_the_checkout_has_no_mistake() -> None:
    assert check(ROOT) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name)
def test_a_mistake_is_found_with_file_and_line(checkout: Path, mistake: Mistake) -> None:
    file, line = seed(checkout, mistake)
    found = check(checkout)
    assert [
        each
        for each in found
        if mistake.says in each.text and (each.file, each.line) == (file, line)
    ], f"expected {file}:{line}: …{mistake.says}…, found:\n" + "\n".join(map(str, found))
