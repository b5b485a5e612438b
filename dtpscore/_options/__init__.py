"""Options of every step, each declared once, with what is allowed."""
