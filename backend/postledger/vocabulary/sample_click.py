"""The click ids of samples. They exist in the sandbox alone, so production refuses every sample as `unknown_click`."""

SAMPLE_CLICK = "postledger-sample-"
"""How such a click id begins."""
