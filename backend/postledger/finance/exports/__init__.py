"""Exports: approved bills go to files, webhooks and an ERP, each exactly once."""
