"""What the playground is made of: deployments to choose, a call of the gateway, and its cost."""
