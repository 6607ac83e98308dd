"""Stand-ins for Azure services, so that the whole product runs and breaks on one machine."""
