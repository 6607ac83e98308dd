"""The directory of a broker's journals, which is one broker's at a time, and its files there."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from local_stack.broker.errors import ConfigError

PORTS_FILE = "ports.json"


@contextmanager
def held(path: Path | None) -> Iterator[None]:
    """Hold it by a lock that the operating system lets go however the process dies.

    Without a path there is nothing to hold. The ports of an earlier run are forgotten.
    """
    if path is None:
        yield
        return
    path.mkdir(parents=True, exist_ok=True)
    with (path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"{path} is in use by another broker") from error
        (path / PORTS_FILE).unlink(missing_ok=True)
        yield


def write_ports(path: Path, ports: Mapping[str, int]) -> None:
    """Tell others the ports in use."""
    write_whole(path / PORTS_FILE, msgspec.json.encode(ports))


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file such that nobody, and no kill, sees a part of it."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    os.replace(draft, path)
