"""Derivatives of every order, by Taylor expansions in NumPy."""
