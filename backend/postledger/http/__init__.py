"""The HTTP layer: it parses requests, calls use cases and writes responses. Only this layer imports Falcon."""
