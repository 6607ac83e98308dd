"""How the parts of a deployment name each other: scopes, order, circles, identities."""
