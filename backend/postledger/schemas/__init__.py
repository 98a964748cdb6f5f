"""The published JSON Schemas of postbacks, one file for each version of the API, and of explanations."""
