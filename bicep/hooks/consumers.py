"""Stop metering and pairing, and start them again: a backup is taken while nothing is metered.

Fewest replicas of 0 would not do: events that wait make the platform start one.
"""

from bicep.hooks.azure_cli import ARM, rest
from bicep.hooks.values import Values

API_VERSION = "2025-01-01"
IDS = ("METERING_ID", "PAIRING_ID")


def switch(values: Values, word: str) -> None:
    """`stop` or `start`. What a program holds in memory is saved before it ends."""
    for name in IDS:
        rest("post", f"{ARM}{values[name]}/{word}?api-version={API_VERSION}")
        print(f"{word}: {values[name].rpartition('/')[2]}")
    if word == "stop":
        print("Both end within a minute. Events wait in the hubs, up to HUB_RETENTION_DAYS.")
