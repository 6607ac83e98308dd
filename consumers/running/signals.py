"""The end of a process, as its platform asks for it."""

import asyncio
import signal


def until_signalled() -> asyncio.Event:
    """Set by SIGTERM or SIGINT. Called inside a running loop."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    return ended
