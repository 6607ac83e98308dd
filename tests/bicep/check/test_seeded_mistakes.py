"""Each seeded mistake is found, in its file and line; the checkout itself has none."""

import shutil
from pathlib import Path

import pytest

from bicep.check.checkout import check
from tests.bicep.check import seeded, seeded_intent, seeded_language, seeded_services, seeded_wiring
from tests.bicep.check.batches import Batch, batches
from tests.bicep.check.seeded import Mistake
from tests.paths import ROOT

COPIED = ("bicep", "apim_policies", "Dockerfile", "azure.yaml")
MISTAKES = (
    *seeded.MISTAKES,
    *seeded_language.MISTAKES,
    *seeded_wiring.MISTAKES,
    *seeded_services.MISTAKES,
    *seeded_intent.MISTAKES,
)
TEXTS = {file: (ROOT / file).read_text(encoding="utf-8") for file in {m.file for m in MISTAKES}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose files of the deployment may be changed."""
    for each in ROOT.iterdir():
        if each.name not in COPIED:
            (tmp_path / each.name).symlink_to(each)
        elif each.is_file():
            shutil.copy(each, tmp_path)
        else:
            without = shutil.ignore_patterns("check", "__pycache__", "harness", "samples")
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


def test_no_two_mistakes_have_one_name() -> None:
    assert len({each.name for each in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("batch", batches(MISTAKES, TEXTS), ids=lambda each: each.mistakes[0].name)
def test_every_mistake_is_found_with_file_and_line(checkout: Path, batch: Batch) -> None:
    expected = [(each, *seed(checkout, each)) for each in batch.mistakes]
    found = check(checkout)
    silent = [
        f"{mistake.name}: expected {file}:{line}: …{mistake.says}…"
        for mistake, file, line in expected
        if not any(
            mistake.says in each.text and (each.file, each.line) == (file, line) for each in found
        )
    ]
    assert silent == [], "\n".join([*silent, "found:", *map(str, found)])
