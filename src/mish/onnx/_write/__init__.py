"""Mish written in another form, in the place of what was found."""
