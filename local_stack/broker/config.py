"""What the broker serves: hubs, partitions and consumer groups, in the official emulator's form."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import msgspec

from local_stack.broker.errors import ConfigError

HUBS_MAX = 100
PARTITIONS_MAX = 32
CONSUMER_GROUPS_MAX = 20
DEFAULT_GROUP = "$Default"

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """One event hub."""

    name: str
    partitions: int = 4
    consumer_groups: tuple[str, ...] = ()
    """Besides `$Default`, which every hub has."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"hub name {self.name!r}: letters, digits, '.', '_', '-' expected")
        if not 1 <= self.partitions <= PARTITIONS_MAX:
            raise ConfigError(
                f"hub {self.name} has {self.partitions} partitions, 1 to {PARTITIONS_MAX} expected"
            )
        if len(self.consumer_groups) > CONSUMER_GROUPS_MAX:
            raise ConfigError(
                f"hub {self.name} has {len(self.consumer_groups)} consumer groups, "
                f"at most {CONSUMER_GROUPS_MAX} expected"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """What a broker serves and for how long it keeps it."""

    hubs: tuple[HubConfig, ...]
    retention: timedelta = timedelta(hours=24)
    """Age at which events are dropped. The official emulator keeps one hour, Azure 1 to 90 days."""
    idle_timeout_s: int = 240
    """Silence after which a connection is closed; the service announces the same."""

    def __post_init__(self) -> None:
        names = [hub.name.lower() for hub in self.hubs]
        if not 1 <= len(names) <= HUBS_MAX or len(set(names)) < len(names):
            raise ConfigError(f"hubs {names}: 1 to {HUBS_MAX} different names expected")
        if self.idle_timeout_s < 1:
            raise ConfigError(f"idle timeout {self.idle_timeout_s} s, at least 1 s expected")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the official emulator's `Config.json`."""
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
        namespaces = file.UserConfig.NamespaceConfig
        if len(namespaces) != 1:
            raise ConfigError(f"{path}: {len(namespaces)} namespaces, exactly one expected")
        return cls(hubs=tuple(_hub(path, entity) for entity in namespaces[0].Entities))


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    Name: str


class _Entity(msgspec.Struct, forbid_unknown_fields=True):
    Name: str
    PartitionCount: int | str
    ConsumerGroups: list[_Group] = []


class _NamespaceConfig(msgspec.Struct, forbid_unknown_fields=True):
    Type: str
    Name: str
    Entities: list[_Entity]


class _UserConfig(msgspec.Struct):
    NamespaceConfig: list[_NamespaceConfig]


class _File(msgspec.Struct):
    UserConfig: _UserConfig


def _hub(path: Path, entity: _Entity) -> HubConfig:
    count = str(entity.PartitionCount)
    if not count.isascii() or not count.isdigit():
        raise ConfigError(
            f"{path}: hub {entity.Name} has PartitionCount {count!r}, digits expected"
        )
    return HubConfig(
        name=entity.Name,
        partitions=int(count),
        consumer_groups=tuple(
            group.Name for group in entity.ConsumerGroups if group.Name != DEFAULT_GROUP
        ),
    )
