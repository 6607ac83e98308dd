"""What each `rerate` verb takes beside the settings."""

import argparse
from datetime import date
from pathlib import Path

from consumers.rerating.apply import BATCH_CALLS_MAX


def add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """The arguments of one verb."""
    if name in {"stage", "what-if"}:
        _add_scope(parser)
    if name == "stage":
        parser.add_argument(
            "--allow-unpriced", action="store_true", help="also where calls lose their price"
        )
    if name in {"stage", "what-if", "show"}:
        parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    if name in {"approve", "apply", "revert", "show"}:
        parser.add_argument("run_id", metavar="RUN", help="as `list` prints it")
    if name in {"approve", "revert"}:
        parser.add_argument("--by", type=_said, required=True, metavar="NAME", help="who decides")
        parser.add_argument(
            "--why", type=_said, required=True, metavar="TEXT", help="kept with the run"
        )
    if name in {"apply", "revert"}:
        parser.add_argument(
            "--batch-calls",
            type=_batch_calls,
            default=BATCH_CALLS_MAX,
            metavar="N",
            help=f"calls from one renewal of the lease to the next, 1 to {BATCH_CALLS_MAX}",
        )
    if name == "list":
        parser.add_argument("--json", action="store_true", help="as JSON, with every field")


def _add_scope(parser: argparse.ArgumentParser) -> None:
    books = parser.add_mutually_exclusive_group()
    books.add_argument(
        "--book",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="rule files over the shipped ones; without them those of PRICE_BOOKS",
    )
    books.add_argument("--book-version", metavar="SHA256", help="a book of the archive")
    for flag, meaning in (("--from", "first charge day"), ("--to", "the day after the last")):
        parser.add_argument(
            flag,
            dest=f"{flag[2:]}_day",
            type=date.fromisoformat,
            required=True,
            metavar="YYYY-MM-DD",
            help=meaning,
        )
    for flag, meaning in (
        ("--subject", "only this subject's calls"),
        ("--model", "only calls of this model, as the usage pages name it"),
        ("--cost-centre", "only calls of this cost centre on their day"),
    ):
        parser.add_argument(flag, metavar="X", help=meaning)


def _said(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("says nothing")
    return text


def _batch_calls(text: str) -> int:
    """Without a call in its batches a run would end at once, as if all of it were written."""
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= BATCH_CALLS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {BATCH_CALLS_MAX}")
    return int(text)
