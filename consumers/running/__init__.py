"""Every client that a verb needs, and the loop that runs one. Imports `receiving`."""
