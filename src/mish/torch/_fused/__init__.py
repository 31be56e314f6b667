"""Bias and normalisations with Mish in one operation."""
