// All dashboards, by file name.
function(config, signals) (
  local grafana = (import 'grafana.libsonnet')(config);
  local panels = (import 'panels.libsonnet')(grafana, signals);
  local exists = std.any([std.get(stack, 'epp') != null for stack in std.objectValues(config.stacks)]) || config.litellm != null;
  {
    'inference-overview.json': (import 'overview.libsonnet')(config, signals, grafana, panels),
    'inference-model.json': (import 'model.libsonnet')(config, signals, grafana, panels),
    [if exists then 'inference-gateway.json']: (import 'gateway.libsonnet')(config, signals, grafana, panels),
  }
)
