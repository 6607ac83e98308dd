"""The one command over all packages: it arranges their verbs and adds none of its own."""
