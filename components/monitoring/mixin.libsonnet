// The classic mixin interface: alerts, recording rules and dashboards from one configuration.
(import 'config.libsonnet') + {
  local config = $._config,
  local signals = (import 'signals/signals.libsonnet')(config),

  prometheusRules+:: { groups+: (import 'rules/rules.libsonnet')(config, signals) },
  prometheusAlerts+:: { groups+: (import 'alerts/alerts.libsonnet')(config, signals) },
  grafanaDashboards+:: (import 'dashboards/dashboards.libsonnet')(config, signals),
}
