"""The fault campaign: metering while things break, and whether every call still counts once.

One fault a run. Each has its own hub, ledger and consumer processes; a run ends with a line.
"""
