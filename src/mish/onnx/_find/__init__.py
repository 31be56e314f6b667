"""Where a model computes Mish: nodes become programs, and those that are proved are sites."""
