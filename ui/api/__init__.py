"""The API as the UI reads it: client, settings, answers. Imports `period` and `format`."""
