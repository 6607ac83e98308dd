"""Lists of rows as an HTML table: each row is a link, and one click or Enter opens it."""
