"""The directory a broker keeps its journals in, which is one broker's at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.broker.errors import ConfigError


class DataDirectory:
    """Held by a lock that the operating system lets go when the process dies, however it does."""

    @staticmethod
    @contextmanager
    def held(path: Path | None) -> Iterator[None]:
        """Nothing to hold without a path."""
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
