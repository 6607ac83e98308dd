"""Where the stand-in listens, for those who start it or are pointed at it."""

HOST = "127.0.0.1"
WORKSPACE = "local"
"""Any workspace id means the same items."""
INSTRUMENTATION_KEY = "00000000-0000-0000-0000-00000000c0de"


def connection_string(port: int) -> str:
    """What an exporter is given."""
    return f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint=http://{HOST}:{port}"


def query_url(port: int) -> str:
    """What LogsQueryClient is given as its endpoint."""
    return f"http://{HOST}:{port}/v1"
