"""What differs between the arms, with the sample as the unit."""
