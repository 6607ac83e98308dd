"""Sends traffic to an event hub: `send_events`, and `python -m local_stack.send`."""

from local_stack.send.sender import SendReport, send_events

__all__ = ["SendReport", "send_events"]
