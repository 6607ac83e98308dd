"""What metering costs, compared with the bare SDK, the public samples, a small ledger and one
process.
"""
