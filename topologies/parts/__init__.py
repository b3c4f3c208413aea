"""What families are put together from."""
