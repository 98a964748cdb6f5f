"""Visits: recorded when they happen, or imported from another tracker."""
