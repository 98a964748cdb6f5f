"""The console: pages for people, rendered on the server. They work without script, and use no cookies."""
