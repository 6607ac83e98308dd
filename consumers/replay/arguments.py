"""What the verb `replay` takes beside the settings."""

import argparse
from datetime import datetime

EXAMPLE = "2026-11-20T00:00:00Z"


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
            help=f"{meaning}, as {EXAMPLE}",
        )
    parser.add_argument(
        "--group", default="$Default", help="consumer group to read the hub with; $Default"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be, write nothing")
    parser.add_argument("--stage", action="store_true", help="make a re-rating run of what differs")


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like {EXAMPLE}") from None
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset from UTC, as {EXAMPLE} has")
    return time
