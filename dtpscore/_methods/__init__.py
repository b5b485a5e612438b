"""The scoring methods and the exact control, on blocks of rows."""
