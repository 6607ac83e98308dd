"""How telemetry leaves a process: exporters, and the event of a call."""
