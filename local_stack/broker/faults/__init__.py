"""The faults that a test can ask for. Imports `amqp`."""
