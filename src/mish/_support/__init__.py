"""What every floor may lean on: files written whole, optional packages."""
