"""What people decide: requests, what they are bound to, and decisions."""
