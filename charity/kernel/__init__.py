"""What every domain needs and what knows no domain."""
