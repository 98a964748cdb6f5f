"""Sources, campaigns and affiliates: model, TOML file, diff, store, refresh, edge snapshot."""
