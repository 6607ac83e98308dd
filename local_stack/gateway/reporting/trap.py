"""Oddities that were seen in logs of real gateways, each as a switch of the local one."""

from enum import StrEnum


class Trap(StrEnum):
    """One oddity of the real log."""

    PROBES = "probes"
    """LLM rows that belong to no call: no request id, no model, no tokens; about four of ten rows.
    """
    CHUNKS = "chunks"
    """Messages cut into rows with rising sequence numbers; only the first has the tokens."""
    REPEATS = "repeats"
    """Several rows per call, the earlier ones with smaller counts."""
    TRACE_TEXT = "trace-text"
    """`traceRecords` as JSON text instead of an array."""
    STREAM_FLAG = "stream-flag"
    """`isStreamCompletion` false for streamed calls."""
    ESTIMATES = "estimates"
    """An LLM row of a call that the model refused: the gateway's own count, and no model."""
    DISORDER = "disorder"
    """Records of many calls in random order, the two halves of one in different events."""
