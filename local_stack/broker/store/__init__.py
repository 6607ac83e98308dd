"""Hubs, partitions and their journal on disk. Imports `amqp`."""
