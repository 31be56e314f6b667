"""Operators and nets as messages: names of blobs, scopes, devices, gradient operators."""
