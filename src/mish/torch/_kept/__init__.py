"""What is kept for the backward pass other than the input."""
