"""The settings that a demonstration writes for another terminal."""

import subprocess
from io import StringIO
from pathlib import Path

import msgspec
from rich.console import Console

from local_stack.demo.demo_box import show
from local_stack.demo.stack import PREFERRED_PORTS, Ports, settings, write_shell_settings
from pricing_rules.price_book.book import load_book
from tests.local_stack.demo.test_demo_box import BOX


def test_a_shell_reads_the_ports_that_the_stack_took(tmp_path: Path) -> None:
    ports = Ports(**{name: port + 20_000 for name, port in PREFERRED_PORTS.items()})
    path = tmp_path / "demo.env"
    write_shell_settings(path, ports)
    printed = subprocess.run(
        ["sh", "-c", f"set -a; . {path}; env -0"], capture_output=True, check=True, text=True
    ).stdout
    found = dict(line.split("=", 1) for line in printed.split("\0") if line)
    wanted = settings(ports)
    assert {name: found[name] for name in wanted if name != "PRICE_BOOKS"} == {
        name: value for name, value in wanted.items() if name != "PRICE_BOOKS"
    }
    assert ":25672;" in found["EVENTHUB_CONNECTION_STRING"]
    assert found["API_URL"] == "http://127.0.0.1:28000"
    assert found["TELEMETRY_QUERY_URL"] == "http://127.0.0.1:28600/v1"
    assert found["LOG_ANALYTICS_WORKSPACE_ID"]
    assert "127.0.0.1:30002/" in found["STORAGE_CONNECTION_STRING"]
    corrected = load_book([Path(book) for book in found["PRICE_BOOKS"].split(":")])
    assert "lab-model-x" in {alias.name for alias in corrected.content.aliases}


def test_the_box_has_the_line_that_loads_them() -> None:
    console = Console(record=True, width=100, file=StringIO())
    show(msgspec.structs.replace(BOX, shell_settings="set -a; . x/demo.env; set +a"), console)
    assert "set -a; . x/demo.env; set +a" in console.export_text()
