"""The InferenceService of a stack and what it needs: service account, token, claim, disruption budget."""
