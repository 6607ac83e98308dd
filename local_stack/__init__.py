"""Stand-ins for Azure services: with them the whole product runs, and breaks, on one machine."""
