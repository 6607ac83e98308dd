"""AMQP 1.0 as bytes: types, frames, performatives, messages. Imports `errors` alone."""
