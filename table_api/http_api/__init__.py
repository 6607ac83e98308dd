"""The HTTP API over the tables: one folder a resource. Imported by `verbs` and the entry points."""
