// Endpoint Pickers, their pools, and the LiteLLM proxy in front of them.
function(config, signals, grafana, panels) (
  local where = 'cluster=~"$cluster",stack=~"$stack"';
  local proxyWhere = 'cluster=~"$cluster"';
  local legend = '{{cluster}} {{stack}}';
  local info = 'stack:epp_replicas:config';
  local lines(names, title=null, description='', size=[8, 8], max=null) = panels.lines(names, where, legend, title, description, size, max);
  local proxy(name, legend, description='', size=[8, 8], max=null) = panels.lines([name], proxyWhere, legend, null, description, size, max);

  grafana.dashboard(
    'gateway',
    'Endpoint Picker and proxy',
    'How requests are scheduled, what the pools look like from outside, and what LiteLLM answers.',
    [
      grafana.variable('cluster', 'Cluster', 'stack:inference_stack:info'),
      grafana.variable('stack', 'Stack', info + '{cluster=~"$cluster"}'),
    ],
    [
      grafana.row('Endpoint Picker', [
        lines(['epp_up', 'epp_leader'], 'Replicas and leaders', 'Only the leader is Ready; a standby is scraped too.'),
        lines(['epp_requests']),
        lines(['epp_error_ratio'], max=1),
        lines(['epp_scheduling_p50', 'epp_scheduling_p99'], 'Scheduling'),
        lines(['epp_request_p95']),
        lines(['epp_poll_errors']),
      ]),
      grafana.row('Pool', [
        lines(['epp_endpoints']),
        lines(['epp_queue']),
        lines(['epp_kv_cache'], max=1),
        lines(['epp_saturation'], description='Only with flow control. 1 means that no endpoint accepts more.', size=[12, 8]),
        lines(['epp_flow_queue'], description='Only with flow control.', size=[12, 8]),
      ]),
      grafana.row('LiteLLM', [
        proxy('litellm_requests', '{{cluster}} {{requested_model}}', size=[12, 8]),
        proxy('litellm_error_ratio', '{{cluster}} {{requested_model}}', size=[12, 8], max=1),
        proxy('litellm_latency_p95', '{{cluster}} {{requested_model}}', size=[12, 8]),
        proxy('litellm_state', '{{litellm_model_name}} {{api_base}}', size=[12, 8], max=2),
      ]),
    ],
  )
)
