"""What pages are made of. Imports `api` and `address`."""
