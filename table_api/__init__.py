"""The ledger in Azure Table Storage, its reads and their HTTP API. One owner of keys and rows."""
