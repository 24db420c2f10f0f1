// The Endpoint Picker. A standby reports the pool too, so pool gauges take the largest value of its replicas.
function(config, s) (
  local of = s.of;
  local window = config.rateWindow;
  local component = 'component="epp"';
  local where = s.stackWhere(component);
  local picked = [stack for stack in std.objectValues(config.stacks) if std.get(stack, 'epp') != null];
  local reports = if picked == [] then [] else [config.metricDefaults.epp + std.get(config.metrics, 'epp', {})];
  local from(logicals, expr, signal) = s.from(reports, logicals, expr, signal { group: 'epp' });
  local gauge(logical, signal) = from([logical], function(names) 'max ' + s.by + ' (' + names[0] + where + ')', signal);
  local counter(logical, signal) = from([logical], function(names) s.sumRate(names[0], component), signal);
  local latency(logical, base, name, title, percentiles) =
    s.histogram(reports, logical, base, component, percentiles, of(name, title, 's', '') { group: 'epp' });

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
  + gauge('leader', of('epp_leader', 'EPP leaders', 'short', 'stack:epp_leader:max'))
  + gauge('pool_ready_endpoints', of('epp_endpoints', 'Endpoints ready in the pool', 'short', 'stack:epp_ready_endpoints:max'))
  + gauge('pool_average_queue_size', of('epp_queue', 'Waiting per endpoint, as the EPP sees it', 'short', 'stack:epp_pool_queue_size:max'))
  + gauge('pool_average_kv_cache_utilization', of('epp_kv_cache', 'KV cache in use, as the EPP sees it', 'percentunit', 'stack:epp_pool_kv_cache_usage:max'))
  + gauge('flow_control_pool_saturation', of('epp_saturation', 'Pool saturation', 'percentunit', 'stack:epp_pool_saturation:max'))
  + from(
    ['flow_control_queue_size'],
    function(names) 'sum ' + s.by + ' (' + names[0] + where + ')',
    of('epp_flow_queue', 'Requests held by flow control', 'short', 'stack:epp_flow_control_queue_size:sum'),
  )
  + counter('request_total', of('epp_requests', 'Requests through the EPP', 'reqps', 'stack:epp_requests:rate' + window))
  + from(
    ['request_error'],
    function(names)
      s.sumRate(names[0], component + ',error_code!~"' + config.eppClientErrors + '"')
      + '\nor\n0 * stack:epp_requests:rate' + window,
    of('epp_errors', 'Requests that the EPP refused or failed', 'reqps', 'stack:epp_request_errors:rate' + window),
  )
  + from(
    ['request_error', 'request_total'],
    function(names) 'stack:epp_request_errors:rate' + window + '\n/\nstack:epp_requests:rate' + window,
    of('epp_error_ratio', 'Requests that the EPP refused or failed, share', 'percentunit', 'stack:epp_request_errors:ratio_rate' + window),
  )
  + counter('datalayer_poll_errors', of('epp_poll_errors', 'Failed polls of model servers', 'ops', 'stack:epp_poll_errors:rate' + window))
  + latency('scheduler_duration', 'epp_scheduling_seconds', 'epp_scheduling', 'Scheduling', ['p50', 'p99'])
  + latency('request_duration', 'epp_request_seconds', 'epp_request', 'Whole request, as the EPP sees it', ['p95'])
)
