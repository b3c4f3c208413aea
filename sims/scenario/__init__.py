"""What determines a row; rows, and rows in files."""
