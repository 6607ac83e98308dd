"""Everything that rating data can be refused for. `rate` itself raises none of these."""


class PricingError(Exception):
    """A price book, a usage object or a price source is not what it must be."""


class InvalidBook(PricingError):
    """A price book cannot be used: a file, a rule of it or their combination is wrong."""

    def __init__(self, message: str, *, file: str | None = None, rule_id: str | None = None):
        place = ", ".join(part for part in (file, f"rule {rule_id!r}" if rule_id else None) if part)
        super().__init__(f"{place}: {message}" if place else message)
        self.file = file
        self.rule_id = rule_id


class AmbiguousModel(PricingError):
    """A model's name is sold by several providers, at prices of their own."""


class InvalidUsage(PricingError):
    """A model's usage object contradicts itself or holds something that is no count."""

    def __init__(self, field: str, value: object, message: str):
        super().__init__(message)
        self.field = field
        self.value = value


class InvalidPriceSource(PricingError):
    """A dump of prices to import has a row that cannot be mapped or read."""


class FetchFailed(PricingError):
    """The Retail Prices API did not answer with a page of prices."""
