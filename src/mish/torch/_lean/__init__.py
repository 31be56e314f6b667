"""A whole model made to keep less."""
