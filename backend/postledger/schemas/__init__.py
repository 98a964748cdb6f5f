"""The published JSON Schemas of what a postback may say, one file for each version of the API."""
