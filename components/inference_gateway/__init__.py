"""The Endpoint Picker of a stack, its InferencePool, and how both are wired into an internal Gateway."""
