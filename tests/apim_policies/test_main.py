"""The command that people and CI call: its exit code, and findings that an editor can jump to."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apim_policies.__main__ import main
from apim_policies.check import check_policies
from tests.apim_policies.conftest import FOLDER


def run_check(folder: Path, bicep: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "apim_policies", "check"]
    command += ["--folder", str(folder), "--bicep", str(bicep)]
    return subprocess.run(
        command, cwd=FOLDER.parent, capture_output=True, text=True, check=False, timeout=120
    )


def test_deployed_files_exit_with_0_and_say_what_was_checked(tmp_path: Path, mono: None) -> None:
    done = run_check(FOLDER, tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        *("OK", "SKIPPED", "OK", "OK", "OK"),
    ]


def test_finding_is_an_object_of_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "named_values.json").write_text("[", encoding="utf-8")
    assert main(["check", "--folder", str(tmp_path), "--bicep", str(tmp_path), "--json"]) == 1
    said = capsys.readouterr()
    [check] = json.loads(said.out)
    [finding] = check["findings"]
    assert (finding["file"], finding["line"]) == ("named_values.json", 0)
    assert said.err == ""


def test_finding_exits_with_1_and_stands_alone_on_stdout(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "apim_policies"))
    path = folder / "chargeback-forward.fragment.xml"
    text = path.read_text(encoding="utf-8").replace("buffer-response", "bufer-response")
    path.write_text(text, encoding="utf-8")

    done = run_check(folder, tmp_path)

    assert done.returncode == 1
    [line] = done.stdout.splitlines()
    number = text.splitlines().index(next(line for line in text.splitlines() if "<forward" in line))
    assert line.startswith(f"chargeback-forward.fragment.xml:{number + 1}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory: copy the file of apim_policies/ next to your policies"),
        ("[", "is not JSON (Expecting value: line 1 column 2 (char 1)): copy the file of "),
        ('{"chargeback-token-limit": 1}', "expected an object of names and texts"),
    ],
)
def test_a_folder_without_usable_named_values_says_so(
    text: str | None, said: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "named_values.json").write_text(text, encoding="utf-8")
    done = run_check(tmp_path, tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"named_values.json:0: {said}")
    assert "Traceback" not in done.stderr


def test_without_mono_the_checks_that_need_it_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    checks = list(check_policies(FOLDER, tmp_path))

    assert [check.findings for check in checks] == [()] * 5
    assert [(check.skipped or "").split(" ")[0] for check in checks[3:]] == ["apt-get", "apt-get"]
