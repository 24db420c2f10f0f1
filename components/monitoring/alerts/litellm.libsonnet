// The proxy in front of all stacks of a cluster.
local number = import '../number.libsonnet';

function(config, signals, alert) (
  local given(names, alerts) = if std.all([std.objectHas(signals, name) for name in names]) then alerts else [];
  local where(metric) = metric + '{' + config.clusterSelector + '}';

  (if config.litellm == null then [] else [
     alert.new(
       { scope: 'litellm', page: 'litellm.md', name: 'The LiteLLM proxy of {{ $labels.cluster }}' },
       {
         alert: 'LiteLLMDown',
         expr: where('cluster:litellm:info') + '\nunless on (cluster) up{' + config.clusterSelector + ',component="litellm"} == 1',
         'for': '3m',
         severity: 'critical',
         summary: 'is not reachable',
         description: 'No replica of the proxy is scraped with success: no model of the cluster is reachable through LiteLLM, or its /metrics refuses the scrape.',
         meaning: 'No replica of the proxy answers on /metrics.',
         steps: [
           'Look at the pods of the proxy and their log: a weak master key or a bad proxy_config stops it at the start.',
           'Pods fine? Then the scrape fails: the port of the Service, a NetworkPolicy, or a key that /metrics asks for.',
         ],
       },
     ),
   ])
  + given(['litellm_error_ratio'], [
    alert.litellm({
      alert: 'LiteLLMErrorRatioHigh',
      expr:
        where(signals.litellm_error_ratio.record) + ' > ' + number(config.litellmErrorRatio) + '\n'
        + 'and ' + where(signals.litellm_requests.record) + ' > ' + number(config.minRequestRate),
      'for': '10m',
      severity: 'warning',
      summary: 'fails too many requests',
      description: '{{ $value | humanizePercentage }} of the requests of the last ' + config.rateWindow + ' were answered with 5xx after all retries and fallbacks.',
      meaning: 'Clients of the proxy get server errors for this public model name.',
      steps: ['Look at the stack behind the model name first, then at the log of the proxy for timeouts and connection errors.'],
    }),
  ])
  + given(['litellm_state'], [
    alert.new(
      { scope: 'litellm', page: 'litellm.md', name: 'Deployment {{ $labels.litellm_model_name }} on the LiteLLM proxy of {{ $labels.cluster }}' },
      {
        alert: 'LiteLLMDeploymentCooledDown',
        expr: where(signals.litellm_state.record) + ' >= 2',
        'for': '5m',
        severity: 'warning',
        summary: 'is cooled down',
        description: 'The proxy sends nothing to {{ $labels.api_base }} (state {{ $value }}): it failed too often, and no request has succeeded since.',
        meaning: 'LiteLLM has taken a deployment out of rotation.',
        steps: ['Call the api_base by hand with the model name that LiteLLM sends; a 404 means a wrong path or served name.'],
      },
    ),
  ])
)
