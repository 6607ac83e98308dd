"""The folder that is deployed as function app: what Azure Functions expects where.

The worker imports `function_app` by its bare name from the root of the app, so the module lies
there, next to the packages that it imports. Commands are left out: nobody calls one there.
Its requirements are locked for the Python that is deployed (`bicep/function_requirements.py`).
"""

import shutil
from pathlib import Path

from table_api.errors import SettingsError
from table_api.verbs.exit_codes import say

ROOT = Path(__file__).parents[2]
"""Where the packages are installed: a checkout, or the folder that a wheel was unpacked into."""
PACKAGES = ("table_api", "pricing_rules", "telemetry")
AT_THE_ROOT = ("function_app.py", "host.json")
COMMANDS = ("verbs", "__main__.py")
NEEDED = (
    "aiohttp",
    "arabic-reshaper",
    "azure-core",
    "azure-functions",
    "azure-identity",
    "azure-monitor-opentelemetry-exporter",
    "azure-storage-blob",
    "cryptography",
    "fastapi",
    "msgspec",
    "opentelemetry-sdk",
    "pydantic",
    "pyjwt",
    "python-bidi",
    "reportlab",
    "starlette",
    "tzdata",
    "xlsxwriter",
)
"""Distributions that the app imports; aiohttp, cryptography and tzdata are imported by others, and
telemetry imports its exporter by name. Without pyarrow (165 MB) the app makes no Parquet: `invoice
export` does."""
REQUIREMENTS = ROOT / "table_api/function_requirements.txt"
KILOBYTES_MAX = 20_000
"""What is uploaded; its requirements are installed in Azure."""


async def package(folder: Path) -> int:
    """The verb `package`."""
    write_package(folder)
    size = kilobytes(folder)
    say(f"the function app is written to {folder}: {size:,} kB without its requirements")
    if size > KILOBYTES_MAX:
        raise SettingsError(f"{folder} has {size:,} kB, more than {KILOBYTES_MAX:,}")
    return 0


def kilobytes(folder: Path) -> int:
    """The size of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1000


def write_package(folder: Path) -> None:
    """Write the app into a new or empty folder; SettingsError when something is in it."""
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder} is not empty: an old file in it would be deployed too")
    folder.mkdir(parents=True, exist_ok=True)
    for name in AT_THE_ROOT:
        shutil.copyfile(ROOT / "table_api" / name, folder / name)
    for name in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", REQUIREMENTS.name, *AT_THE_ROOT, *COMMANDS)
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    shutil.copyfile(REQUIREMENTS, folder / "requirements.txt")
