"""What an operator takes, which there are, and how each is differentiated."""
