"""What a result is called and where it goes in an AnnData."""
