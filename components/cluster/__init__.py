"""What exists once a cluster: platform, LiteLLM, monitoring, Argo CD, runbooks."""
