"""People: who may look, operate and decide; what they did, in a chain that is only ever added to."""
