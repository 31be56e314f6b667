"""Operators and nets, run on arrays and on the blobs of a workspace."""
