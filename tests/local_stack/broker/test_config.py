"""Configuration in the official emulator's form."""

import json
from pathlib import Path

import pytest

from local_stack.broker import BrokerConfig, HubConfig
from local_stack.broker.errors import ConfigError

ENTITY: dict[str, object] = {
    "Name": "eh1",
    "PartitionCount": "2",
    "ConsumerGroups": [{"Name": "$Default"}, {"Name": "cg1"}],
}


def written(directory: Path, *entities: dict[str, object]) -> Path:
    path = directory / "Config.json"
    namespace = {"Type": "EventHub", "Name": "emulatorNs1", "Entities": entities}
    file = {"UserConfig": {"NamespaceConfig": [namespace], "LoggingConfig": {"Type": "File"}}}
    path.write_text(json.dumps(file))
    return path


def test_the_emulators_file_is_read(tmp_path: Path) -> None:
    config = BrokerConfig.load(written(tmp_path, ENTITY))
    assert config.hubs == (HubConfig(name="eh1", partitions=2, consumer_groups=("cg1",)),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PartitionCount": "two"}, "'two'"),
        ({"PartitionCount": 33}, "33 partitions, 1 to 32 expected"),
        ({"PartitionCount": 0}, "0 partitions"),
        ({"Name": "../up"}, "'../up'"),
        ({"Nmae": "x"}, "Nmae"),
        ({"ConsumerGroups": [{"Name": f"g{index}"} for index in range(21)]}, "21 consumer groups"),
    ],
)
def test_a_file_that_cannot_be_served_says_why(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        BrokerConfig.load(written(tmp_path, ENTITY | change))


def test_hub_names_are_different_in_any_case(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different names"):
        BrokerConfig.load(written(tmp_path, ENTITY, ENTITY | {"Name": "EH1"}))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json"):
        BrokerConfig.load(tmp_path / "absent.json")
