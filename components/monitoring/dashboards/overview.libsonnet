// All models of one or more clusters at a glance.
function(config, signals, grafana, panels) (
  local where = 'cluster=~"$cluster",' + 'stack!=""';
  local by = 'cluster, stack, model, engine';
  local fact(name) = 'stack:inference_' + name + ':config{' + where + '}';
  local column(title, name) = panels.column(title, name, where, by);
  local lines(name, legend='{{cluster}} {{stack}}', size=[8, 8], max=null) = panels.lines([name], where, legend, size=size, max=max);
  local ready = panels.series('ready', where);
  local present(items) = [item for item in items if item != null];

  grafana.dashboard(
    'overview',
    'Cluster overview',
    'Models of a cluster: which are ready, what they serve, where they queue.',
    [grafana.variable('cluster', 'Cluster', 'stack:inference_stack:info')],
    [
      grafana.row('Now', present([
        grafana.stat('Models', 'short', 'count(stack:inference_stack:info{' + where + '})'),
        grafana.stat(
          'Models without a ready replica',
          'short',
          'count(' + fact('replicas_min') + ' > 0 unless on (cluster, stack) ' + ready + ' > 0) or vector(0)',
          'Models that should run and do not.',
          steps=[[null, 'green'], [1, 'red']],
        ),
        grafana.stat('GPUs serving', 'short', 'sum(' + ready + ' * ' + fact('gpus_per_replica') + ')', 'Ready replicas times their GPUs.'),
        panels.number('Requests', 'reqps', 'sum', 'requests', where),
        panels.number('Generated tokens', 'suffix: tok/s', 'sum', 'generation_tokens', where),
        panels.number('Waiting', 'short', 'sum', 'waiting', where, 'Requests in the queues of all servers.', [[null, 'green'], [1, 'orange']]),
      ])),
      grafana.row('Models', [
        grafana.table(
          'Models',
          present([
            column('Ready', 'ready'),
            { title: 'Min', unit: 'short', expr: 'sum by (' + by + ') (' + fact('replicas_min') + ')' },
            { title: 'Max', unit: 'short', expr: 'sum by (' + by + ') (' + fact('replicas_max') + ')' },
            column('Requests', 'requests'),
            column('Running', 'running'),
            column('Waiting', 'waiting'),
            column('KV cache', 'kv_cache_max'),
            column('TTFT p95', 'ttft_p95'),
            column('TPOT p95', 'tpot_p95'),
            column('Failed', 'error_ratio'),
            column('Tokens', 'generation_tokens'),
          ]),
          ['cluster', 'stack', 'model', 'engine'],
        ),
      ]),
      grafana.row('Load', [lines('requests'), lines('waiting'), lines('generation_tokens')]),
      grafana.row('Health', [lines('ttft_p95'), lines('error_ratio', max=1), lines('kv_cache_max', max=1)]),
      grafana.row('Replicas', [
        lines('ready', size=[12, 8]),
        panels.lines(['restarts'], where, '{{stack}} {{pod}}', size=[12, 8]),
      ]),
    ],
  )
)
