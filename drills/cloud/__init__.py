"""What each drill would be in a cloud account: a plan to read, never run from here."""
