"""A small HTTP client for what is asked most: transactions, point reads and pages of rows.

azure-core and aiohttp take five to seven times its CPU for a short request. What is asked of Table
Storage once, as the making of a table, still goes through them.
"""
