"""The verb `usage`: what was used, as a table for people or a file."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from chargeback_client.connection import CSV, XLSX, Connection, Json, Parameters

PATH = "/v1/usage"


def usage(
    api: Connection,
    groups: Sequence[str],
    asked: Parameters,
    *,
    form: str | None,
    file: Path | None,
) -> int:
    """`form` is `csv` or `json`; `file` takes a workbook. Without any a table is printed."""
    parameters = {**asked, "group_by": ",".join(groups)}
    if file is not None:
        file.write_bytes(api.content(PATH + XLSX, parameters))
        print(f"{file} has the workbook", file=sys.stderr)
    elif form == "csv":
        sys.stdout.write(api.content(PATH + CSV, parameters).decode("utf-8-sig"))
    elif form == "json":
        answer = msgspec.json.encode(api.json(PATH, parameters))
        print(msgspec.json.format(answer, indent=2).decode())
    else:
        _print_table(api.json(PATH, parameters), groups)
    return 0


def _print_table(answer: Json, groups: Sequence[str]) -> None:
    names = [
        name
        for group in groups
        for name in (("name", "subject") if group == "subject" else (group,))
    ]
    lines = answer["data"]
    if "day" not in groups:
        lines = sorted(lines, key=_charge, reverse=True)
    rows = [[*(_shown(line.get(name)) for name in names), *_amounts(line)] for line in lines]
    rows.append(["total", *[""] * (len(names) - 1), *_amounts(answer["totals"])])
    charges = under_each_other([row[-1] for row in rows])
    rows = [[*row[:-1], charge] for row, charge in zip(rows, charges, strict=True)]
    titles = [*names, "calls", "without cost", f"charge {answer['currency']}"]
    print(f"{answer['from']} until before {answer['to']}, {answer['zone']}", file=sys.stderr)
    if not lines:
        print("nobody made a call that you may see in these days", file=sys.stderr)
    print_columns([titles, *rows], left=len(names))


def _charge(line: Json) -> Decimal:
    return Decimal(line["cost"]["charge"]) if line["cost"] else Decimal(-1)


def _amounts(line: Json) -> list[str]:
    without = line["unpriced_calls"] + line["no_usage_calls"] + line["pending_calls"]
    charge = line["cost"]["charge"] if line["cost"] else "unknown"
    return [f"{line['calls']:,}", f"{without:,}" if without else "", charge]


def under_each_other(amounts: Sequence[str]) -> list[str]:
    """Padded, so that their decimal points are in one column when they end at the same place."""
    after = [len(amount.partition(".")[1] + amount.partition(".")[2]) for amount in amounts]
    return [amount + " " * (max(after) - own) for amount, own in zip(amounts, after, strict=True)]


def _shown(value: str | None) -> str:
    return "—" if value is None else value


def print_columns(rows: Sequence[Sequence[str]], *, left: int) -> None:
    """In columns, the first `left` of them from their left side."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip())
