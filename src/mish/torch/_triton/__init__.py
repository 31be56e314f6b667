"""Triton kernels for GPUs. Nothing imports what is here before it is needed, nor without Triton."""
