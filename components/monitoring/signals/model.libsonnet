// What the serving engine itself reports.
function(config, s) (
  local of = s.of;
  local window = config.rateWindow;
  local from(logicals, expr, signal) = s.from(s.reports, logicals, expr, signal { group: 'model' });
  local gauge(logical, operation, signal) =
    from([logical], function(names) operation + ' ' + s.by + ' (' + names[0] + s.stackWhere() + ')', signal);
  local counter(logical, signal) = from([logical], function(names) s.sumRate(names[0]), signal);
  local latency(logical, name, title, percentiles) =
    s.histogram(s.reports, logical, 'inference_' + name + '_seconds', '', percentiles, of(name, title, 's', '') { group: 'latency' });

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

  counter('request_success', of('requests', 'Requests finished', 'reqps', 'stack:inference_requests:rate' + window))
  + answers
  + gauge('requests_waiting', 'sum', of('waiting', 'Requests waiting', 'short', 'stack:inference_requests_waiting:sum'))
  + gauge('requests_running', 'sum', of('running', 'Requests running', 'short', 'stack:inference_requests_running:sum'))
  + gauge('kv_cache_usage', 'max', of('kv_cache_max', 'KV cache in use, fullest replica', 'percentunit', 'stack:inference_kv_cache_usage:max'))
  + gauge('kv_cache_usage', 'avg', of('kv_cache_avg', 'KV cache in use, average', 'percentunit', 'stack:inference_kv_cache_usage:avg'))
  + from(
    ['prefix_cache_hits', 'prefix_cache_queries'],
    function(names) s.sumRate(names[0]) + '\n/\n' + s.sumRate(names[1]),
    of('prefix_hit_ratio', 'Prefix cache hits, share of prompt tokens', 'percentunit', 'stack:inference_prefix_cache_hits:ratio_rate' + window),
  )
  + counter('prompt_tokens', of('prompt_tokens', 'Prompt tokens', 'suffix: tok/s', 'stack:inference_prompt_tokens:rate' + window))
  + counter('generation_tokens', of('generation_tokens', 'Generated tokens', 'suffix: tok/s', 'stack:inference_generation_tokens:rate' + window))
  + counter('preemptions', of('preemptions', 'Preemptions', 'ops', 'stack:inference_preemptions:rate' + window))
  + latency('time_to_first_token', 'ttft', 'Time to first token', ['p50', 'p95'])
  + latency('time_per_output_token', 'tpot', 'Time per output token', ['p50', 'p95'])
  + latency('inter_token_latency', 'itl', 'Time between tokens', ['p95'])
  + latency('queue_time', 'queue_time', 'Time in the queue', ['p95'])
  + latency('e2e_latency', 'e2e', 'Whole request', ['p50', 'p95'])
)
