"""What an option is worth and how that worth moves, as plain numbers over arrays."""
