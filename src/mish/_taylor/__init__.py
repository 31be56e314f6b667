"""Derivatives of every order, the integral and the inverse, by Taylor expansions in NumPy."""
