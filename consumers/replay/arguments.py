"""What the verb `replay` takes beside the settings."""

import argparse
from datetime import datetime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `replay`."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--hub", action="store_true", help="what the event hub still has")
    source.add_argument("--capture", metavar="PATH|URL", help="Capture files: folder or container")
    source.add_argument("--dead-letters", action="store_true", help="the open dead letters")
    for name, meaning in (("from", "enqueued from this time on"), ("to", "enqueued before it")):
        parser.add_argument(
            f"--{name}",
            dest=f"{name}_time",
            type=_time,
            metavar="TIME",
            help=f"{meaning}, as 2026-11-20T00:00:00Z",
        )
    parser.add_argument(
        "--group", default="$Default", help="consumer group to read the hub with; $Default"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be, write nothing")
    parser.add_argument("--stage", action="store_true", help="make a re-rating run of what differs")


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("without an offset")
    return time
