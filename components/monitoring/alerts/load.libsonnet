// Can the model keep up: queue, KV cache, preemptions, scale, failures without an objective.
local number = import '../number.libsonnet';

function(config, signals, alert) (
  local where(metric) = metric + '{' + config.selector + '}';
  local given(names, alerts) = if std.all([std.objectHas(signals, name) for name in names]) then alerts else [];

  given(['waiting'], [
    alert.stack({
      alert: 'InferenceQueueGrowing',
      expr:
        where(signals.waiting.record) + '\n'
        + '> ' + number(config.queuePerReplica) + ' * ' + where(signals.ready.record) + '\n'
        + 'and deriv(' + where(signals.waiting.record) + '[' + config.queueWindow + ']) > 0',
      'for': '10m',
      severity: 'warning',
      summary: 'has a growing queue',
      description: '{{ $value | humanize }} requests wait, more than ' + number(config.queuePerReplica) + ' for each ready replica, and their number grows.',
      meaning: 'Requests arrive faster than the replicas finish them.',
      steps: [
        'Compare ready replicas with maxReplicas: can it scale, and does it?',
        'Look at the KV cache and the length of prompts: a few long requests may fill it.',
        'Raise maxReplicas within the cluster budget, or limit the callers in LiteLLM (rpm, tpm).',
      ],
    }),
    alert.stack({
      alert: 'InferenceAtMaxReplicasWithQueue',
      expr:
        where(signals.waiting.record) + ' > 0\n'
        + 'and ' + where(signals.ready.record) + ' >= ' + where('stack:inference_replicas_max:config') + '\n'
        + 'and ' + where('stack:inference_replicas_max:config') + ' > ' + where('stack:inference_replicas_min:config'),
      'for': '15m',
      severity: 'warning',
      summary: 'is at its maximum of replicas and still queues',
      description: '{{ $value | humanize }} requests wait although maxReplicas are ready: it cannot scale further.',
      meaning: 'The autoscaler has used everything that the inventory allows.',
      steps: ['Raise maxReplicas if the accelerator pool has free GPUs; otherwise limit the callers or move some to another model.'],
    }),
  ])
  + given(['kv_cache_max'], [
    alert.stack({
      alert: 'InferenceKvCacheNearFull',
      expr: where(signals.kv_cache_max.record) + ' > ' + number(config.kvCacheUsage),
      'for': '10m',
      severity: 'warning',
      summary: 'has nearly filled its KV cache',
      description: 'The fullest replica uses {{ $value | humanizePercentage }} of its KV cache; the next requests wait or are preempted.',
      meaning: 'The memory for the context of running requests is used up.',
      steps: [
        'Look for very long prompts or outputs.',
        'Lower max-num-seqs or max-model-len, use an fp8 KV cache, or add replicas.',
      ],
    }),
  ])
  + given(['preemptions'], [
    alert.stack({
      alert: 'InferencePreemptions',
      expr: where(signals.preemptions.record) + ' > ' + number(config.preemptionRate),
      'for': '10m',
      severity: 'warning',
      summary: 'preempts running requests',
      description: '{{ $value | humanize }} requests per second are preempted and computed again.',
      meaning: 'The engine runs out of KV cache in the middle of requests and starts them over.',
      steps: ['Lower max-num-seqs, raise gpu-memory-utilization within the memory verdict, or add replicas.'],
    }),
  ])
  + given(['error_ratio'], [
    alert.stack({
      alert: 'InferenceErrorRatioHigh',
      expr:
        where(signals.error_ratio.record) + ' > ' + number(config.errorRatio) + '\n'
        + 'and ' + where(signals.answers.record) + ' > ' + number(config.minRequestRate) + '\n'
        // stacks with an objective have InferenceErrorBudgetBurn
        + 'unless on (cluster, stack) ' + where('stack:inference_error_ratio_objective:config'),
      'for': '10m',
      severity: 'warning',
      summary: 'fails too many requests',
      description: '{{ $value | humanizePercentage }} of the requests of the last ' + config.rateWindow + ' failed on the server.',
      meaning: 'The model server itself answers with errors.',
      steps: [
        'Read the log of kserve-container for tracebacks and CUDA errors.',
        'One bad replica? Compare the pods, delete the one that fails.',
      ],
    }),
  ])
)
