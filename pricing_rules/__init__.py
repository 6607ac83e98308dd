"""The rating engine: UsageEvent × Book → PricedCall, exact and with its evidence.

Owns the domain's types, the price book's format and data, and rating. Knows nothing of Event
Hubs, tables, HTTP or identity; imports none of the other packages.
"""
