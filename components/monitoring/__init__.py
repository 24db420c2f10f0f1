"""Monitoring of one cluster: what Prometheus scrapes, recording rules, alerts, dashboards (a Jsonnet mixin)."""
