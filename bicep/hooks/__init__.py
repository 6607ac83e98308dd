"""What azd runs around a deployment. Standard library alone: nothing has to be installed first."""
