"""What the gateway reports of a call: events, log records, metrics."""
