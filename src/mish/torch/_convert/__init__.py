"""Modules and graphs of other packages made ours."""
