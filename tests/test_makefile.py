"""What `make` says where it cannot go on, before anything of ours is installed."""

import shutil
import subprocess
from pathlib import Path

from tests.paths import ROOT


def test_setup_without_a_network_says_what_it_needs(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    pip = tmp_path / ".venv/bin/pip"
    pip.parent.mkdir(parents=True)
    pip.write_text("#!/bin/sh\necho No matching distribution found for uv >&2\nexit 1\n")
    pip.chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", ".venv/.tools"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.endswith(
        "PyPI gave no uv. Once, make needs PyPI and npm, or mirrors of them: PIP_INDEX_URL,\n"
        "UV_DEFAULT_INDEX, npm_config_registry.\n"
    )
