"""What is known of each network, one file each; `policy/preset_files.py` reads them."""
