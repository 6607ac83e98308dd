"""An OpenID Connect provider on loopback with people of the demonstration. For demo and tests."""
