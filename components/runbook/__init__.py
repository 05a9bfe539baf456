"""What a person does when a region is lost, with the names of this very platform."""
