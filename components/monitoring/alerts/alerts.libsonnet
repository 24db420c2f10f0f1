// All alert groups.
function(config, signals) (
  local alert = (import 'alert.libsonnet')(config);
  local group(name, rules) = if rules == [] then [] else [{ name: 'inference.' + name, interval: config.ruleInterval, rules: rules }];

  group('availability', (import 'availability.libsonnet')(config, signals, alert))
  + group('load', (import 'load.libsonnet')(config, signals, alert))
  + group('objectives', (import 'slo.libsonnet')(config, signals, alert))
  + group('endpoint-picker', (import 'epp.libsonnet')(config, signals, alert))
  + group('proxy', (import 'litellm.libsonnet')(config, signals, alert))
)
