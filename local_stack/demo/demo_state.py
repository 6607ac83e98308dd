"""What a demonstration keeps in its data directory, so that a second run sends the same calls."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from local_stack.errors import LocalStackError
from local_stack.traffic.trace import offset_to


class DataDirectoryInUse(LocalStackError):
    """Another demonstration runs on this data directory."""


class DemoState(msgspec.Struct, kw_only=True):
    """The file `demo_state.json`."""

    now: datetime
    """The moment of the first run: the generated workload ends here."""
    workload_sent: bool = False
    """Whether the ledger has all of it."""
    trace_offsets_us: dict[str, int] = {}
    """How many microseconds each trace (by sha256) was moved at its first run."""


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Lock the data directory. DataDirectoryInUse when another demonstration has locked it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirectoryInUse(
                f"a demonstration already runs on {data}: stop it, or give DATA=another-directory"
            ) from None
        yield


def read_state(data: Path, *, now: datetime) -> DemoState:
    """The state of earlier runs. On the first run it is that of `now`, and is stored."""
    path = data / "demo_state.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=DemoState)
    state = DemoState(now=now.astimezone(UTC))
    _write(path, state)
    return state


def trace_offset(data: Path, state: DemoState, trace: Path, *, now: datetime) -> timedelta:
    """How far this trace is moved. Its first run chooses it so that the last call is now."""
    digest = hashlib.sha256(trace.read_bytes()).hexdigest()
    if digest not in state.trace_offsets_us:
        offset = offset_to(trace, now) // timedelta(microseconds=1)
        state.trace_offsets_us[digest] = offset
        _write(data / "demo_state.json", state)
    return timedelta(microseconds=state.trace_offsets_us[digest])


def workload_sent(data: Path, state: DemoState) -> None:
    """Remember that the ledger has the generated workload."""
    state.workload_sent = True
    _write(data / "demo_state.json", state)


def _write(path: Path, state: DemoState) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(state))
    temporary.replace(path)
