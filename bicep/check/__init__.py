"""`make bicep`: what can be known of a deployment without Azure, as findings by file and line."""
