"""What-if: stored postbacks are judged by the rules in force and by those of a file, and nothing is changed."""
