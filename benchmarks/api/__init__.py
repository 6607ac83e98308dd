"""The API's lists, compared with raw reads of the same rows."""
