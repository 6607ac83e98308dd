"""A small HTTP client for the requests that metering makes most: transactions and point reads.

azure-core and aiohttp take five to seven times its CPU for a request. Everything else of Table
Storage still goes through them.
"""
