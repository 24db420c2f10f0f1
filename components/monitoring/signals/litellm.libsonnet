// The LiteLLM proxy, by the public model name that clients ask for.
function(config, s) (
  local window = config.rateWindow;
  local by = 'by (cluster, requested_model)';
  local where(extra) = s.where([config.clusterSelector, 'component="litellm"', extra]);
  local reports = if config.litellm == null then [] else [std.get(config.metricDefaults, 'litellm', {}) + std.get(config.metrics, 'litellm', {})];
  local of(logicals, expr, signal) = s.from(reports, logicals, expr, signal { group: 'litellm' });
  local rate(metric, extra) = 'sum ' + by + ' (rate(' + metric + where(extra) + '[' + window + ']))';

  of(['requests'], function(names) rate(names[0], ''), { name: 'litellm_requests', title: 'Requests', unit: 'reqps', record: 'model:litellm_requests:rate' + window })
  + of(
    ['failed_requests', 'requests'],
    function(names) rate(names[0], 'exception_status=~"5.."') + '\n/\nmodel:litellm_requests:rate' + window,
    { name: 'litellm_error_ratio', title: 'Requests answered with 5xx, share', unit: 'percentunit', record: 'model:litellm_requests_failed:ratio_rate' + window },
  )
  + of(
    ['request_duration'],
    function(names) s.quantile(0.95, 'sum by (cluster, requested_model, le) (rate(' + names[0] + '_bucket' + where('') + '[' + window + ']))'),
    { name: 'litellm_latency_p95', title: 'Whole request, p95', unit: 's', record: 'model:litellm_request_seconds:p95' },
  )
  + of(
    ['deployment_state'],
    function(names) 'max by (cluster, litellm_model_name, api_base) (' + names[0] + where('') + ')',
    { name: 'litellm_state', title: 'Deployment state (0 healthy, 1 failing, 2 cooled down)', unit: 'short', record: 'deployment:litellm_state:max' },
  )
)
