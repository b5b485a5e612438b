"""What a file of cells holds, and what can be answered with it."""
