"""Monitoring of one cluster: what Prometheus scrapes, rules, alerts, dashboards (a Jsonnet mixin)."""
