"""Stripe's API over the simulated accounts: lists, objects, events, errors."""
