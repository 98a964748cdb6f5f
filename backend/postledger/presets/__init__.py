"""What is known of each network, one file each; `adapters/presets.py` reads them."""
