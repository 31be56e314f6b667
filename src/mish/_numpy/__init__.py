"""The NumPy face: the native module, and what belongs to arrays and threads."""
