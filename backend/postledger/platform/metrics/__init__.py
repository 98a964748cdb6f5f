"""How prometheus-client stores its values: the parts that depend on its internals."""
