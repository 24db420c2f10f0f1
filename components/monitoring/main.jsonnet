// The monitoring of one cluster: params as documented in build.py, manifests out.
function(params) (
  local known = std.objectFields(params.metrics);
  local unknown = [name for name in std.objectFields(params.stacks) if !std.member(known, params.stacks[name].engine)];
  local checked =
    if unknown == [] then params
    else error 'stack ' + unknown[0] + ': no metrics for engine ' + params.stacks[unknown[0]].engine
               + '; known are ' + std.join(', ', known);

  local mixin = (import 'mixin.libsonnet') {
    _config+:: {
      cluster: checked.cluster,
      environment: std.get(checked, 'environment', ''),
      stacks: checked.stacks,
      metrics: checked.metrics,
      litellm: std.get(checked, 'litellm'),
      runbookBaseUrl: if std.get(checked, 'runbookBaseUrl') == null then '' else checked.runbookBaseUrl,
    } + std.get(checked, 'config', {}),
  };
  local config = mixin._config;
  local facts = (import 'rules/facts.libsonnet')(config);

  local rule(name, groups) = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: name, namespace: params.namespace, labels: params.labels },
    spec: { groups: groups },
  };
  local dashboard(file) = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: std.strReplace(file, '.json', '-dashboard'), namespace: params.namespace, labels: params.grafanaLabel },
    data: { [file]: std.manifestJsonEx(mixin.grafanaDashboards[file], '  ') + '\n' },
  };
  local alerts = [alert for group in mixin.prometheusAlerts.groups for alert in group.rules];

  {
    monitors: (import 'monitors.libsonnet')(config, checked),
    rules:
      [
        rule('inference-recording', mixin.prometheusRules.groups),
        rule('inference-alerts', mixin.prometheusAlerts.groups),
      ]
      // one object a stack, so that two people who add a model do not meet in one file
      + [
        rule('inference-stack-' + name, [facts.stack(name, params.stacks[name])])
        for name in std.objectFields(params.stacks)
      ]
      + (if config.litellm == null then [] else [rule('inference-litellm', [facts.litellm(config.litellm)])]),
    dashboards: if params.dashboards then [dashboard(file) for file in std.objectFields(mixin.grafanaDashboards)] else [],
    alerts: [
      { alert: alert.alert, severity: alert.labels.severity, scope: alert.scope, meaning: alert.meaning, steps: alert.steps }
      for alert in alerts
    ],
  }
)
