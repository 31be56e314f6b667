"""Two models run on the same inputs, and what their outputs differ by."""
