// Objectives of stacks that have them: multi-window, multi-burn-rate.
//
// Latency has no bucket at an arbitrary objective, so the share of slow requests is not counted. The same question is
// asked of the percentile: with 95 percent promised, burning the budget 6 times as fast means that 30 percent are slow,
// which is so exactly when the 70th percentile is above the objective.
local number = import '../number.libsonnet';

function(config, signals, alert) (
  local where(metric) = metric + '{' + config.selector + '}';
  local objectives = [std.get(stack, 'slo') for stack in std.objectValues(config.stacks) if std.get(stack, 'slo') != null];
  local wanted(key) = std.any([std.get(slo, key) != null for slo in objectives]);
  local over(record, window) =
    if window == config.rateWindow then where(record) else 'avg_over_time(' + where(record) + '[' + window + '])';
  local traffic(window) =
    if std.objectHas(signals, 'answers') then '\nand ' + over(signals.answers.record, window) + ' > ' + number(config.minRequestRate) else '';
  // a share above 1 would never be reached
  local largest = 0.9;

  local latency(name, spec) =
    if !(wanted(spec.key) && std.objectHas(signals, spec.signal + '_buckets')) then [] else [
      local buckets = signals[spec.signal + '_buckets'].record;
      local slow = std.min(largest, rate.burn * (1 - config.latencyObjective));
      local percentile(window) = 'histogram_quantile(' + number(1 - slow) + ', ' + over(buckets, window) + ')';
      alert.stack({
        alert: name,
        expr:
          percentile(rate.long) + ' > ' + where(spec.objective) + '\n'
          + 'and ' + percentile(rate.short) + ' > ' + where(spec.objective)
          + traffic(rate.long),
        'for': rate['for'],
        severity: rate.severity,
        labels: { window: rate.long },
        summary: spec.summary,
        description: '{{ ' + number(slow) + ' | humanizePercentage }} of the requests of the last ' + rate.long + ' ' + spec.what
                     + ' longer than {{ $value | humanizeDuration }}, which is over the objective: the budget burns ' + number(rate.burn) + ' times too fast.',
        meaning: spec.meaning,
        steps: spec.steps,
      })
      for rate in config.burnRates
    ];

  latency('InferenceTtftBudgetBurn', {
    key: 'ttftP95Seconds',
    signal: 'ttft',
    objective: 'stack:inference_ttft_seconds_objective:config',
    summary: 'is too slow to the first token',
    what: 'waited for the first token',
    meaning: 'Time to first token misses slo.ttftP95Seconds fast enough to use up the budget of a month.',
    steps: [
      'Queue or prefill? Look at waiting requests first, then at prompt lengths and the prefix cache hit ratio.',
      'Look at the rollout and the autoscaler: are replicas missing?',
    ],
  })
  + latency('InferenceTpotBudgetBurn', {
    key: 'tpotP95Seconds',
    signal: 'tpot',
    objective: 'stack:inference_tpot_seconds_objective:config',
    summary: 'generates tokens too slowly',
    what: 'needed for each output token',
    meaning: 'Time per output token misses slo.tpotP95Seconds fast enough to use up the budget of a month.',
    steps: [
      'Look at running requests per replica: batches may be too large (max-num-seqs).',
      'Look at GPU clocks and throttling of the nodes, and at preemptions.',
    ],
  })
  + (if !(wanted('errorRatio') && std.objectHas(signals, 'answers_failed')) then [] else [
       local objective = where('stack:inference_error_ratio_objective:config');
       local tooMany(burn) = 'clamp_max(' + number(burn) + ' * ' + objective + ', ' + number(largest) + ')';
       local ratio(window) = over(signals.answers_failed.record, window) + ' / ' + over(signals.answers.record, window);
       alert.stack({
         alert: 'InferenceErrorBudgetBurn',
         expr:
           ratio(rate.long) + '\n  > ' + tooMany(rate.burn) + '\n'
           + 'and ' + ratio(rate.short) + '\n  > ' + tooMany(rate.burn)
           + traffic(rate.long),
         'for': rate['for'],
         severity: rate.severity,
         labels: { window: rate.long },
         summary: 'fails more requests than its objective allows',
         description: '{{ $value | humanizePercentage }} of the requests of the last ' + rate.long
                      + ' failed on the server: the error budget burns more than ' + number(rate.burn) + ' times too fast.',
         meaning: 'Failed answers exceed slo.errorRatio fast enough to use up the budget of a month.',
         steps: [
           'Read the log of kserve-container for tracebacks and CUDA errors.',
           'One bad replica? Compare the pods, delete the one that fails.',
           'If a rollout caused it, revert the commit that started it.',
         ],
       })
       for rate in config.burnRates
     ])
)
