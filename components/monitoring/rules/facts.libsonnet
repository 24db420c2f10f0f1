// What the inventory says, as series: alerts and dashboards compare measurements with them, so that no alert has to be
// repeated for every stack. The operation is `config` or `info`: nothing was measured.
local number = import '../number.libsonnet';

function(config) {
  local fact(record, value, labels) = { record: record, expr: 'vector(' + number(value) + ')', labels: labels },

  stack(name, stack):: {
    local labels = { cluster: config.cluster, stack: name, model: stack.model, engine: stack.engine },
    local slo = if std.get(stack, 'slo') == null then {} else stack.slo,
    local objective(key, record) = if std.get(slo, key) == null then [] else [fact(record, slo[key], labels)],

    name: 'inference.stack.' + name,
    interval: config.ruleInterval,
    rules:
      [
        fact('stack:inference_stack:info', 1, labels {
          namespace: stack.namespace,
          predictor: stack.inferenceService + '-predictor',  // KServe v0.20 constants.go
          served_name: stack.servedName,
          mode: stack.mode,
          scraped: if stack.metricsPort == null then 'false' else 'true',
        }),
        fact('stack:inference_replicas_min:config', stack.minReplicas, labels),
        fact('stack:inference_replicas_max:config', stack.maxReplicas, labels),
        fact('stack:inference_gpus_per_replica:config', stack.gpusPerReplica, labels),
        fact('stack:inference_startup_seconds:config', stack.startupSeconds, labels),
      ]
      + (if std.get(stack, 'epp') == null then [] else [fact('stack:epp_replicas:config', stack.epp.replicas, labels)])
      + objective('ttftP95Seconds', 'stack:inference_ttft_seconds_objective:config')
      + objective('tpotP95Seconds', 'stack:inference_tpot_seconds_objective:config')
      + objective('errorRatio', 'stack:inference_error_ratio_objective:config'),
  },

  litellm(proxy):: {
    name: 'inference.proxy.facts',
    interval: config.ruleInterval,
    rules: [fact('cluster:litellm:info', 1, { cluster: config.cluster, namespace: proxy.namespace, service: proxy.service })],
  },
}
