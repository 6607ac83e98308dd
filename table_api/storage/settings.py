"""Which storage account, as an operator says it. Imports no client: a help page is quick."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

DEVELOPMENT_STORAGE = (  # what `UseDevelopmentStorage=true` means to every SDK; the key is public
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1"
)


TABLE_CLIENTS = ("direct", "azure-core")
"""What TABLE_CLIENT may say; the first one is the default."""


_CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """A storage account: its connection string, or else both URLs, used with an identity."""

    connection_string: str | None = None
    tables_url: str | None = None
    """`https://ACCOUNT.table.core.windows.net`."""
    blobs_url: str | None = None
    """`https://ACCOUNT.blob.core.windows.net`."""
    direct: bool = True
    """Whether transactions and reads go through the client of our own (TABLE_CLIENT)."""


def container_name(text: str) -> str:
    """A name that Azure takes for a blob container. ValueError says what it takes.

    With any other name each request fails, for as long as the process runs.
    """
    if not _CONTAINER(text):
        raise ValueError(
            "expected 3 to 63 lower-case letters, digits and single hyphens between them"
        )
    return text


def spelled_out(connection_string: str) -> str:
    """`UseDevelopmentStorage=true` in full, which not every SDK understands; others as they are."""
    short = parts_of(connection_string).get("UseDevelopmentStorage", "").lower() == "true"
    return DEVELOPMENT_STORAGE if short else connection_string


def parts_of(connection_string: str) -> dict[str, str]:
    """The parts that have a value, by their names."""
    parts = (part.partition("=") for part in connection_string.split(";"))
    return {name.strip(): value.strip() for name, _, value in parts if value}


def is_http(url: str) -> bool:
    """Whether it has a server that tables can be asked of, and names no user."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        return parts.scheme in {"http", "https"} and has_host
    except ValueError:  # the brackets of an IPv6 address, or the port
        return False
