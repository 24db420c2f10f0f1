"""Which fields of which kinds are references: one module a topic, one extractor a kind of edge."""
