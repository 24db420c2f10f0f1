// One model in depth.
function(config, signals, grafana, panels) (
  local where = 'cluster=~"$cluster",stack=~"$stack",model=~"$model"';
  local legend = '{{cluster}} {{stack}}';
  local info = 'stack:inference_stack:info';
  local lines(names, title=null, description='', size=[8, 8], max=null) = panels.lines(names, where, legend, title, description, size, max);
  local fact(name, text) = grafana.query('stack:inference_' + name + ':config{' + where + '}', legend + ' ' + text);
  // the objective drawn as a line of its own
  local withObjective(panel, name) =
    if panel == null then null
    else panel { targets+: [panel.targets[0] { expr: fact(name + '_objective', 'objective').expr, legendFormat: legend + ' objective', refId: 'Z' }] };

  grafana.dashboard(
    'model',
    'Model',
    'One model: latency against its objectives, queue, caches, tokens, replicas.',
    [
      grafana.variable('cluster', 'Cluster', info),
      grafana.variable('stack', 'Stack', info + '{cluster=~"$cluster"}'),
      grafana.variable('model', 'Model', info + '{cluster=~"$cluster",stack=~"$stack"}'),
    ],
    [
      grafana.row('Now', [
        panels.number('Replicas ready', 'short', 'sum', 'ready', where, steps=[[null, 'red'], [1, 'green']]),
        panels.number('Requests', 'reqps', 'sum', 'requests', where),
        panels.number('Failed', 'percentunit', 'max', 'error_ratio', where, 'Share of answers with a server error.', [[null, 'green'], [0.01, 'orange'], [0.25, 'red']]),
        panels.number('Time to first token, p95', 's', 'max', 'ttft_p95', where),
        panels.number('Time per output token, p95', 's', 'max', 'tpot_p95', where),
        panels.number('Generated tokens', 'suffix: tok/s', 'sum', 'generation_tokens', where),
      ]),
      grafana.row('Latency', [
        withObjective(lines(['ttft_p50', 'ttft_p95'], 'Time to first token'), 'ttft_seconds'),
        withObjective(lines(['tpot_p50', 'tpot_p95'], 'Time per output token'), 'tpot_seconds'),
        lines(['e2e_p50', 'e2e_p95'], 'Whole request'),
        lines(['itl_p95'], description='Between two tokens of one stream; stalls of a batch show here.', size=[12, 8]),
        lines(['queue_time_p95'], size=[12, 8]),
      ]),
      grafana.row('Requests', [
        lines(['requests']),
        lines(['running', 'waiting'], 'Requests running and waiting'),
        withObjective(lines(['error_ratio'], max=1), 'error_ratio'),
      ]),
      grafana.row('Caches', [
        lines(['kv_cache_avg', 'kv_cache_max'], 'KV cache in use', 'Average of the replicas, and the fullest one.', max=1),
        lines(['prefix_hit_ratio'], description='Share of prompt tokens whose KV blocks were still there.', max=1),
        lines(['preemptions']),
      ]),
      grafana.row('Tokens', [
        lines(['prompt_tokens'], size=[12, 8]),
        lines(['generation_tokens'], size=[12, 8]),
      ]),
      grafana.row('Replicas', [
        grafana.timeseries('Replicas', 'short', [
          grafana.query(panels.series('ready', where), legend + ' ready'),
          fact('replicas_min', 'min'),
          fact('replicas_max', 'max'),
        ]),
        panels.lines(['starting'], where, '{{stack}} {{pod}}', description='Grows while the model is loaded; ends when the pod is ready.'),
        panels.lines(['restarts'], where, '{{stack}} {{pod}}'),
      ]),
    ],
  )
)
