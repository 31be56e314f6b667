"""A model as such: reading, checking and writing its files, its scopes, types and opset."""
