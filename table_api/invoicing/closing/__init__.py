"""Closes a month: snapshot, documents, files. Imports all of invoicing but `verification`."""
