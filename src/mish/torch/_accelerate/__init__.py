"""PyTorch's own mish made ours."""
