"""The fault campaign: metering while things break, and whether every call still counts once.

Each run has one fault, and its own hub, ledger and consumer processes. It ends with one line of the
table.
"""
