"""The gateway's policies, and the wire contract of the events they write."""
