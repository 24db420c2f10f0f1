// The Endpoint Picker. A standby reports the pool too, so pool gauges take the largest value of its replicas.
function(config, s) (
  local window = config.rateWindow;
  local component = 'component="epp"';
  local where = s.stackWhere(component);
  local picked = [stack for stack in std.objectValues(config.stacks) if std.get(stack, 'epp') != null];
  local reports = if picked == [] then [] else [std.get(config.metricDefaults, 'epp', {}) + std.get(config.metrics, 'epp', {})];
  local of(logicals, expr, signal) = s.from(reports, logicals, expr, signal { group: 'epp' });
  local gauge(logical, signal) = of([logical], function(names) 'max ' + s.by + ' (' + names[0] + where + ')', signal);
  local counter(logical, signal) = of([logical], function(names) s.sumRate(names[0], component), signal);
  local latency(logical, base, signal) = s.histogram(reports, logical, base, component, signal { group: 'epp', unit: 's' });

  (if picked == [] then [] else [
     {
       group: 'epp',
       name: 'epp_up',
       title: 'EPP replicas scraped',
       unit: 'short',
       record: 'stack:epp_targets_up:sum',
       expr: 'sum ' + s.by + ' (up' + where + ')',
     },
   ])
  + gauge('leader', { name: 'epp_leader', title: 'EPP leaders', unit: 'short', record: 'stack:epp_leader:max' })
  + gauge('pool_ready_endpoints', { name: 'epp_endpoints', title: 'Endpoints ready in the pool', unit: 'short', record: 'stack:epp_ready_endpoints:max' })
  + gauge('pool_average_queue_size', { name: 'epp_queue', title: 'Waiting per endpoint, as the EPP sees it', unit: 'short', record: 'stack:epp_pool_queue_size:max' })
  + gauge('pool_average_kv_cache_utilization', { name: 'epp_kv_cache', title: 'KV cache in use, as the EPP sees it', unit: 'percentunit', record: 'stack:epp_pool_kv_cache_usage:max' })
  + gauge('flow_control_pool_saturation', { name: 'epp_saturation', title: 'Pool saturation', unit: 'percentunit', record: 'stack:epp_pool_saturation:max' })
  + of(
    ['flow_control_queue_size'],
    function(names) 'sum ' + s.by + ' (' + names[0] + where + ')',
    { name: 'epp_flow_queue', title: 'Requests held by flow control', unit: 'short', record: 'stack:epp_flow_control_queue_size:sum' },
  )
  + counter('request_total', { name: 'epp_requests', title: 'Requests through the EPP', unit: 'reqps', record: 'stack:epp_requests:rate' + window })
  + of(
    ['request_error'],
    function(names)
      s.sumRate(names[0], component + ',error_code!~"' + config.eppClientErrors + '"')
      + '\nor\n0 * stack:epp_requests:rate' + window,
    { name: 'epp_errors', title: 'Requests that the EPP refused or failed', unit: 'reqps', record: 'stack:epp_request_errors:rate' + window },
  )
  + of(
    ['request_error', 'request_total'],
    function(names) 'stack:epp_request_errors:rate' + window + '\n/\nstack:epp_requests:rate' + window,
    { name: 'epp_error_ratio', title: 'Requests that the EPP refused or failed, share', unit: 'percentunit', record: 'stack:epp_request_errors:ratio_rate' + window },
  )
  + counter('datalayer_poll_errors', { name: 'epp_poll_errors', title: 'Failed polls of model servers', unit: 'ops', record: 'stack:epp_poll_errors:rate' + window })
  + latency('scheduler_duration', 'epp_scheduling_seconds', { name: 'epp_scheduling', title: 'Scheduling', quantiles: [{ name: 'p50', q: 0.5 }, { name: 'p99', q: 0.99 }] })
  + latency('request_duration', 'epp_request_seconds', { name: 'epp_request', title: 'Whole request, as the EPP sees it', quantiles: [{ name: 'p95', q: 0.95 }] })
)
