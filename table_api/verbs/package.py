"""The folder that is deployed as function app: what Azure Functions expects where.

The worker imports `function_app` by its bare name from the root of the app, so it stands there, and
the packages that it imports stand beside it. Deployed from within `table_api/` it would not work:
`table_api` is then no package, and its `calendar` hides Python's.
"""

import shutil
from importlib.metadata import version
from pathlib import Path

from table_api.errors import SettingsError

ROOT = Path(__file__).parents[2]
PACKAGES = ("table_api", "pricing_rules", "telemetry")
AT_THE_ROOT = ("function_app.py", "host.json")
NEEDED = (
    "aiohttp",
    "arabic-reshaper",
    "azure-core",
    "azure-functions",
    "azure-identity",
    "azure-storage-blob",
    "fastapi",
    "msgspec",
    "pyarrow",
    "pydantic",
    "python-bidi",
    "reportlab",
    "starlette",
    "tzdata",
    "xlsxwriter",
)
"""Distributions that the app imports; aiohttp and tzdata by way of others."""


def write_package(folder: Path) -> None:
    """Write the app into a new or empty folder; SettingsError when something is in it.

    Its requirements are the versions that stand here, so that what was tested is deployed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder} is not empty: an old file in it would be deployed too")
    folder.mkdir(parents=True, exist_ok=True)
    for name in AT_THE_ROOT:
        shutil.copyfile(ROOT / "table_api" / name, folder / name)
    for name in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", *AT_THE_ROOT)
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    lines = [f"{name}=={version(name)}\n" for name in NEEDED]
    (folder / "requirements.txt").write_text("".join(lines), encoding="utf-8")
