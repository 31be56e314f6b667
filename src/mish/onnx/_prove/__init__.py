"""Whether a program of elementwise operators is Mish, for every number of its format."""
