"""The rules of expenses. They are pure, and also part of what the configuration file is read into."""
