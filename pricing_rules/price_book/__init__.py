"""Rules from TOML to compiled tables. Imports the ground files alone."""
