"""Replay: stored postbacks are judged again by the rules of today, and what that changes is booked."""
