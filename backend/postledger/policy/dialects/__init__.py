"""How trackers' own postback addresses look, one file each: paths, names, words, and where the facts come from."""
