"""Takings' assets, in the order of the data's way: sources, transform, publish; and what runs them."""
