// The classic mixin interface: alerts, recording rules and dashboards from one configuration.
//
//   (import 'mixin.libsonnet') {
//     _config+:: { cluster: 'eu-h100', metrics: { vllm: { … } }, stacks: { 'llama-70b': { … } } },
//   }
//
// Rules join kube-state-metrics with `stack:inference_stack:info` on `namespace`; a Prometheus that enforces a
// namespace label on rules (enforcedNamespaceLabel) must exempt these.
(import 'config.libsonnet') + {
  local config = $._config,
  local signals = (import 'signals/signals.libsonnet')(config),

  prometheusRules+:: { groups+: (import 'rules/rules.libsonnet')(config, signals) },
  prometheusAlerts+:: { groups+: (import 'alerts/alerts.libsonnet')(config, signals) },
  grafanaDashboards+:: (import 'dashboards/dashboards.libsonnet')(config, signals),
}
