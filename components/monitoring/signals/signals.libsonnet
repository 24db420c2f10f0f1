// All signals of this configuration, by name, in the order in which they must be recorded.
function(config) (
  local s = (import 'signal.libsonnet')(config);
  local all =
    (import 'model.libsonnet')(config, s)
    + (import 'replicas.libsonnet')(config, s)
    + (import 'epp.libsonnet')(config, s)
    + (import 'litellm.libsonnet')(config, s);
  { order:: [signal.name for signal in all] } + { [signal.name]: signal for signal in all }
)
