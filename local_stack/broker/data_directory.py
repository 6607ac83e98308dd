"""The directory a broker keeps its journals in, which is one broker's at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.broker.errors import ConfigError


@contextmanager
def held(path: Path | None) -> Iterator[None]:
    """Hold it by a lock that the operating system lets go however the process dies.

    Without a path there is nothing to hold.
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
        yield
