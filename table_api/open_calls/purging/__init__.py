"""Finished hours taken out of the table, and where their calls are counted since."""
