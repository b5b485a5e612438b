"""What could be tried: published vulnerabilities against what the cells show."""
