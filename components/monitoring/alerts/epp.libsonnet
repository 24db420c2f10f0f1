// The Endpoint Picker: without it, most gateways answer every request of the model with an error.
local number = import '../number.libsonnet';

function(config, signals, alert) (
  local where(metric) = metric + '{' + config.selector + '}';
  local given(names, alerts) = if std.all([std.objectHas(signals, name) for name in names]) then alerts else [];
  local expected = where('stack:epp_replicas:config');
  local flowControl = std.any([
    std.get(std.get(stack, 'epp', {}), 'flowControl', false)
    for stack in std.objectValues(config.stacks)
    if std.get(stack, 'epp') != null
  ]);

  given(['epp_up'], [
    alert.stack({
      alert: 'InferenceEppDown',
      expr: expected + '\nunless on (cluster, stack) ' + where(signals.epp_up.record) + ' > 0',
      'for': '3m',
      severity: 'critical',
      summary: 'has no Endpoint Picker',
      description: 'None of the {{ $value }} Endpoint Picker replicas is scraped with success. Unless the gateway fails open, every request to this model fails.',
      meaning: 'The EPP is gone, or Prometheus cannot read its metrics.',
      steps: [
        'Look at the pods of the EPP and their log: a wrong flag or config field stops it at the start.',
        'Pods fine? Then the scrape fails: token Secret, ClusterRole for /metrics, Service port http-metrics.',
      ],
    }),
  ])
  + given(['epp_up', 'epp_leader'], [
    alert.stack({
      alert: 'InferenceEppNoLeader',
      // the metric exists only with leader election
      expr: where(signals.epp_leader.record) + ' == 0\nand on (cluster, stack) ' + where(signals.epp_up.record) + ' > 0',
      'for': '2m',
      severity: 'critical',
      summary: 'has Endpoint Pickers but no leader',
      description: '{{ $value }} of the replicas that answer hold the lease, so none of them is Ready and the gateway reaches none.',
      meaning: 'Leader election is on and no replica of the EPP has the lease.',
      steps: [
        'Look at the Lease in the namespace of the pool and at the log of the replicas.',
        'Check the Role: leases and events need get, list, watch, create, update, patch.',
      ],
    }),
  ])
  + given(['epp_endpoints'], [
    alert.stack({
      alert: 'InferencePoolNoReadyEndpoints',
      expr:
        where(signals.epp_endpoints.record) + ' == 0\n'
        + 'and on (cluster, stack) ' + where('stack:inference_replicas_min:config') + ' > 0\n'
        // no ready pod at all is InferenceModelDown or a first start
        + 'and on (cluster, stack) ' + where(signals.ready.record) + ' > 0',
      'for': '5m',
      severity: 'critical',
      summary: 'has ready pods that its pool does not contain',
      description: 'The Endpoint Picker sees {{ $value }} ready endpoints although pods of the model are ready: every request fails.',
      meaning: 'The selector of the InferencePool, its namespace or its target port does not match the pods.',
      steps: [
        'Compare spec.selector of the InferencePool with the labels of the pods.',
        'Compare spec.targetPorts with the container port of the runtime.',
      ],
    }),
  ])
  + given(['epp_poll_errors'], [
    alert.stack({
      alert: 'InferenceEppPollErrors',
      expr: where(signals.epp_poll_errors.record) + ' > 1',
      'for': '10m',
      severity: 'warning',
      summary: 'is scheduled blindly',
      description: '{{ $value | humanize }} polls of model servers per second fail: the Endpoint Picker chooses without knowing load and caches.',
      meaning: 'The EPP cannot read /metrics of the model servers.',
      steps: ['Check the target port of the pool, the path and scheme of metrics-data-source, and NetworkPolicies from the EPP to the pods.'],
    }),
  ])
  + given(['epp_scheduling_p99'], [
    alert.stack({
      alert: 'InferenceEppSchedulingSlow',
      expr: where(signals.epp_scheduling_p99.record) + ' > ' + number(config.eppSchedulingSeconds),
      'for': '10m',
      severity: 'warning',
      summary: 'is scheduled slowly',
      description: 'One of a hundred scheduling decisions takes longer than {{ $value | humanizeDuration }}.',
      meaning: 'The EPP needs long to choose an endpoint; every request pays for it.',
      steps: ['Look at the CPU of the leader and at the time of each plugin: long prompts make prefix matching expensive.'],
    }),
  ])
  + given(['epp_error_ratio'], [
    alert.stack({
      alert: 'InferenceEppErrorRatioHigh',
      expr:
        where(signals.epp_error_ratio.record) + ' > ' + number(config.eppErrorRatio) + '\n'
        + 'and ' + where(signals.epp_requests.record) + ' > ' + number(config.minRequestRate),
      'for': '10m',
      severity: 'warning',
      summary: 'loses requests at the Endpoint Picker',
      description: 'The Endpoint Picker refused or failed {{ $value | humanizePercentage }} of the requests of the last ' + config.rateWindow + ' (429 or 5xx).',
      meaning: 'Requests end at the EPP: no endpoint, no capacity, or an error of its own.',
      steps: ['Split ' + config.metrics.epp.request_error + ' by error_code and read the log of the leader.'],
    }),
  ])
  + (if !flowControl then [] else given(['epp_saturation'], [
       alert.stack({
         alert: 'InferencePoolSaturated',
         expr: where(signals.epp_saturation.record) + ' >= ' + number(config.poolSaturation),
         'for': '10m',
         severity: 'warning',
         summary: 'has a saturated pool',
         description: 'The pool has been at {{ $value | humanizePercentage }} saturation for 10 minutes: flow control holds requests back.',
         meaning: 'Every endpoint is beyond the thresholds of the saturation detector, or its metrics are stale.',
         steps: ['Look at queue and KV cache of the replicas; if they are idle, the EPP reads stale metrics.'],
       }),
     ]))
)
