"""Who calls what: people, deployments, traces. Imports no other stand-in."""
