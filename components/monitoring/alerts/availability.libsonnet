// Is the model there: replicas, pods, scraping.
local number = import '../number.libsonnet';

function(config, signals, alert) (
  local ready = signals.ready.record;
  local where(metric) = metric + '{' + config.selector + '}';
  local minimum = where('stack:inference_replicas_min:config') + ' > 0';
  local startup = 'on (cluster, stack) group_left () ' + where('stack:inference_startup_seconds:config');
  local isScraped = std.objectHas(signals, 'targets_up');
  // engines whose servers report requests_running, and so must show it as soon as they are scraped
  local reporting = std.set([
    stack.engine
    for stack in std.objectValues(config.stacks)
    if stack.metricsPort != null && std.get(config.metrics[stack.engine] + std.get(stack, 'metrics', {}), 'requests_running') != null
  ]);

  [
    alert.stack({
      alert: 'InferenceModelDown',
      expr:
        minimum + '\n'
        + 'unless on (cluster, stack) ' + where(ready) + ' > 0\n'
        // a stack that never served is starting for the first time: InferencePodStuckStarting watches that
        + 'and on (cluster, stack) max_over_time(' + where(ready) + '[' + config.seenWindow + ']) > 0',
      'for': '5m',
      severity: 'critical',
      summary: 'has no ready replica',
      description: 'No replica has been ready for 5 minutes; the inventory asks for at least {{ $value }}. Every request to this model fails.',
      meaning: 'The model served within the last day and now has no ready pod at all.',
      steps: [
        'Look at the pods and their last termination: evicted, out of memory, image or weights gone?',
        'Look at the events of the namespace for quota, scheduling and node failures.',
        'If a rollout caused it, revert the commit that started it.',
      ],
    }),
    alert.stack({
      alert: 'InferenceReplicasBelowMinimum',
      expr:
        where(ready) + '\n'
        + '< ' + where('stack:inference_replicas_min:config') + '\n'
        // pods within the time that loading the model takes are on their way
        + 'unless on (cluster, stack) (\n  ' + where(signals.starting.record) + '\n  <= ' + startup + '\n)',
      'for': '10m',
      severity: 'warning',
      summary: 'runs fewer replicas than its minimum',
      description: '{{ $value }} replicas are ready, fewer than minReplicas in the inventory, and no other is starting.',
      meaning: 'Fewer pods are ready than minReplicas, and none of the missing ones is still loading.',
      steps: [
        'Compare the replicas that the Deployment wants with those it has: an autoscaler or a person may have lowered them.',
        'Look for pods that cannot be scheduled: free GPUs, taints, node selector.',
      ],
    }),
    alert.stack({
      alert: 'InferencePodStuckStarting',
      expr: where(signals.starting.record) + '\n> ' + startup,
      'for': '5m',
      severity: 'warning',
      summary: 'has a pod that does not become ready',
      description: 'Pod {{ $labels.namespace }}/{{ $labels.pod }} has been starting for {{ $value | humanizeDuration }}, longer than loading this model takes.',
      meaning: 'A pod is not ready although the time that the inventory allows for loading the model has passed.',
      steps: [
        'Pending: describe the pod and read why it cannot be scheduled or its volume not be mounted.',
        'Init: read the log of storage-initializer: download speed, credentials, disk space.',
        'Running: read the log of kserve-container: out of GPU memory, wrong flag, slow weights.',
        'If it is only slow, raise the startup time of the model in the inventory.',
      ],
    }),
    alert.stack({
      alert: 'InferenceContainerRestarting',
      expr: where(signals.restarts.record) + ' > ' + number(config.restarts),
      'for': '1m',
      severity: 'warning',
      summary: 'has a pod that keeps restarting',
      description: 'Containers of pod {{ $labels.namespace }}/{{ $labels.pod }} restarted {{ $value | humanize }} times within ' + config.restartWindow + '.',
      meaning: 'The containers of one pod restart again and again; each time the model is loaded anew.',
      steps: [
        'Read the log of the previous container and the reason of its last termination.',
        'OOMKilled: raise the memory of the runtime. Exit by a probe: compare the probe with the load time.',
      ],
    }),
  ]
  + (if !isScraped then [] else [
       alert.stack({
         alert: 'InferenceModelNotScraped',
         expr:
           minimum + '\n'
           + 'and on (cluster, stack) stack:inference_stack:info{' + config.selector + ',scraped="true"}\n'
           + 'unless on (cluster, stack) ' + where(signals.targets_up.record) + ' > 0\n'
           + 'unless on (cluster, stack) ' + where(ready) + ' == 0',
         'for': '10m',
         severity: 'warning',
         summary: 'is not scraped',
         description: 'Prometheus should scrape at least {{ $value }} model servers and scrapes none with success: every alert on what this model does is blind.',
         meaning: 'The model has ready replicas, but Prometheus has no healthy target for them.',
         steps: [
           'Look for the target in Prometheus: absent means that the PodMonitor does not select the pods or the port is not declared.',
           'Down means that /metrics does not answer: port, path, NetworkPolicy, or metrics switched off in the server.',
         ],
       }),
     ])
  + (if reporting == [] || !std.objectHas(signals, 'running') then [] else [
       alert.stack({
         alert: 'InferenceMetricsMissing',
         expr:
           signals.targets_up.record + '{' + config.selector + ',engine=~"' + std.join('|', reporting) + '"} > 0\n'
           + 'unless on (cluster, stack) ' + where(signals.running.record),
         'for': '15m',
         severity: 'warning',
         summary: 'does not report the metrics that its engine version should',
         description: '{{ $value }} replicas are scraped, but the number of running requests is missing: dashboards, alerts and scaling of this model are blind.',
         meaning: 'The server answers on /metrics without the names that the facts table lists for its version.',
         steps: [
           'Compare the image that runs with the version in the inventory.',
           'Compare the names on /metrics with the facts table of the engine, and correct the table.',
         ],
       }),
     ])
)
