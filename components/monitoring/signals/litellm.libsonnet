// The LiteLLM proxy, by the public model name that clients ask for.
function(config, s) (
  local of = s.of;
  local window = config.rateWindow;
  local by = 'by (cluster, requested_model)';
  local where(extra) = s.where([config.clusterSelector, 'component="litellm"', extra]);
  local reports = if config.litellm == null then [] else [config.metricDefaults.litellm + std.get(config.metrics, 'litellm', {})];
  local from(logicals, expr, signal) = s.from(reports, logicals, expr, signal { group: 'litellm' });
  local rated(metric, extra) = 'rate(' + metric + where(extra) + '[' + window + '])';
  local rate(metric, extra) = 'sum ' + by + ' (' + rated(metric, extra) + ')';

  from(['requests'], function(names) rate(names[0], ''), of('litellm_requests', 'Requests', 'reqps', 'model:litellm_requests:rate' + window))
  + from(
    ['failed_requests', 'requests'],
    function(names) rate(names[0], 'exception_status=~"5.."') + '\n/\nmodel:litellm_requests:rate' + window,
    of('litellm_error_ratio', 'Requests answered with 5xx, share', 'percentunit', 'model:litellm_requests_failed:ratio_rate' + window),
  )
  + from(
    ['request_duration'],
    function(names) s.quantile('p95', 'sum by (cluster, requested_model, le) (' + rated(names[0] + '_bucket', '') + ')'),
    of('litellm_latency_p95', 'Whole request, p95', 's', 'model:litellm_request_seconds:p95'),
  )
  + from(
    ['deployment_state'],
    function(names) 'max by (cluster, litellm_model_name, api_base) (' + names[0] + where('') + ')',
    of('litellm_state', 'Deployment state (0 healthy, 1 failing, 2 cooled down)', 'short', 'deployment:litellm_state:max'),
  )
)
