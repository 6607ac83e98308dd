"""Usage and a book to a priced call. Imports `price_book`."""
