// What the serving engine itself reports.
function(config, s) (
  local window = config.rateWindow;
  local gauge(logical, operation, signal) = s.ofEngine(
    [logical],
    function(names) operation + ' ' + s.by + ' (' + names[0] + s.stackWhere() + ')',
    signal { group: 'model' },
  );
  local counter(logical, signal) = s.ofEngine([logical], function(names) s.sumRate(names[0]), signal { group: 'model' });
  local latency(logical, signal) = s.histogram(
    s.reports, logical, 'inference_' + signal.name + '_seconds', '', signal { group: 'latency', unit: 's' }
  );

  // The first failure source that a stack reports; total and failed come from the same counter.
  local source(names) =
    local found = [source for source in config.failureSources if std.get(names, source.logical) != null];
    if found == [] then null else found[0] { metric: names[found[0].logical] };
  local sources = std.set(
    [source(names) for names in s.reports if source(names) != null],
    function(source) source.metric,
  );
  local answers = if sources == [] then [] else [
    {
      group: 'model',
      name: 'answers',
      title: 'Answers',
      unit: 'reqps',
      record: 'stack:inference_answers:rate' + window,
      expr: std.join('\nor\n', [s.sumRate(source.metric, source.total) for source in sources]),
    },
    {
      group: 'model',
      name: 'answers_failed',
      title: 'Failed answers',
      unit: 'reqps',
      record: 'stack:inference_answers_failed:rate' + window,
      // a counter with the failing label appears with the first failure: until then the rate is 0, not absent
      expr: std.join('\nor\n', [s.sumRate(source.metric, source.failed) for source in sources])
            + '\nor\n0 * stack:inference_answers:rate' + window,
    },
    {
      group: 'model',
      name: 'error_ratio',
      title: 'Failed answers, share',
      unit: 'percentunit',
      record: 'stack:inference_answers_failed:ratio_rate' + window,
      expr: 'stack:inference_answers_failed:rate' + window + '\n/\nstack:inference_answers:rate' + window,
    },
  ];

  counter('request_success', { name: 'requests', title: 'Requests finished', unit: 'reqps', record: 'stack:inference_requests:rate' + window })
  + answers
  + gauge('requests_waiting', 'sum', { name: 'waiting', title: 'Requests waiting', unit: 'short', record: 'stack:inference_requests_waiting:sum' })
  + gauge('requests_running', 'sum', { name: 'running', title: 'Requests running', unit: 'short', record: 'stack:inference_requests_running:sum' })
  + gauge('kv_cache_usage', 'max', { name: 'kv_cache_max', title: 'KV cache in use, fullest replica', unit: 'percentunit', record: 'stack:inference_kv_cache_usage:max' })
  + gauge('kv_cache_usage', 'avg', { name: 'kv_cache_avg', title: 'KV cache in use, average', unit: 'percentunit', record: 'stack:inference_kv_cache_usage:avg' })
  + s.ofEngine(
    ['prefix_cache_hits', 'prefix_cache_queries'],
    function(names) s.sumRate(names[0]) + '\n/\n' + s.sumRate(names[1]),
    { group: 'model', name: 'prefix_hit_ratio', title: 'Prefix cache hits, share of prompt tokens', unit: 'percentunit', record: 'stack:inference_prefix_cache_hits:ratio_rate' + window },
  )
  + counter('prompt_tokens', { name: 'prompt_tokens', title: 'Prompt tokens', unit: 'suffix: tok/s', record: 'stack:inference_prompt_tokens:rate' + window })
  + counter('generation_tokens', { name: 'generation_tokens', title: 'Generated tokens', unit: 'suffix: tok/s', record: 'stack:inference_generation_tokens:rate' + window })
  + counter('preemptions', { name: 'preemptions', title: 'Preemptions', unit: 'ops', record: 'stack:inference_preemptions:rate' + window })
  + latency('time_to_first_token', { name: 'ttft', title: 'Time to first token', quantiles: [{ name: 'p50', q: 0.5 }, { name: 'p95', q: 0.95 }] })
  + latency('time_per_output_token', { name: 'tpot', title: 'Time per output token', quantiles: [{ name: 'p50', q: 0.5 }, { name: 'p95', q: 0.95 }] })
  + latency('inter_token_latency', { name: 'itl', title: 'Time between tokens', quantiles: [{ name: 'p95', q: 0.95 }] })
  + latency('queue_time', { name: 'queue_time', title: 'Time in the queue', quantiles: [{ name: 'p95', q: 0.95 }] })
  + latency('e2e_latency', { name: 'e2e', title: 'Whole request', quantiles: [{ name: 'p50', q: 0.5 }, { name: 'p95', q: 0.95 }] })
)
