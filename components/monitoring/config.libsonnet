// Every tunable of the mixin. Override what differs: (import 'mixin.libsonnet') { _config+:: { cluster: 'eu-h100' } }.
{
  _config+:: {
    // Facts of the cluster.
    cluster: '',  // value of the label `cluster`; '' serves every cluster that the Prometheus holds
    environment: '',  // label `environment` on alerts, for routing; '' leaves it out
    stacks: {},  // stack name -> what main.jsonnet takes per stack; decides which names and objectives are needed
    litellm: null,  // the LiteLLM proxy, if it is scraped
    runbookBaseUrl: '',  // alerts link to <base><stack>.md#<alert in lower case>; '' leaves the link out

    // logical name -> real metric name, per engine; histograms by their base name. Keys outside the engines: epp, litellm.
    metrics: {},
    metricDefaults: {
      epp: {
        leader: 'leader_election_master_status',  // controller-runtime pkg/metrics/leaderelection.go
      },
      // litellm 1.106.2 integrations/prometheus.py; prometheus_client adds _total to counters
      litellm: {
        requests: 'litellm_proxy_total_requests_metric_total',
        failed_requests: 'litellm_proxy_failed_requests_metric_total',
        request_duration: 'litellm_request_total_latency_metric',
        deployment_state: 'litellm_deployment_state',
      },
    },

    // Labels. The monitors attach stackLabels and `component` to every target.
    stackLabels: ['cluster', 'stack', 'model', 'engine'],
    selector: (if self.cluster == '' then '' else 'cluster="' + self.cluster + '",') + 'stack!=""',  // series of stacks
    clusterSelector: if self.cluster == '' then 'cluster!=""' else 'cluster="' + self.cluster + '"',  // series of shared parts
    kubeStateMetricsSelector: 'job="kube-state-metrics"',
    serverContainer: 'kserve-container',  // KServe v0.20 constants.go InferenceServiceContainerName

    // Where failed answers are counted, best source first. `total` and `failed` select within the same counter.
    failureSources: [
      { logical: 'http_requests', total: 'handler=~"/v1/.+",method="POST"', failed: 'handler=~"/v1/.+",method="POST",status=~"5.."' },
      { logical: 'request_success', total: '', failed: 'finished_reason="error"' },
    ],
    // Errors that the client made, in llm_d_epp_request_error_total: not the EPP's fault (llm-d-router pkg/common/error).
    eppClientErrors: 'BadRequest|NotFound|PayloadTooLarge',

    // Recording.
    ruleInterval: '30s',
    rateWindow: '5m',  // at least four scrape intervals

    // Objectives: multi-window, multi-burn-rate (SRE workbook, chapter 5). `burn` times the budget in both windows.
    latencyObjective: 0.95,  // share of requests that must stay under slo.ttftP95Seconds and slo.tpotP95Seconds
    burnRates: [
      { burn: 14.4, long: '1h', short: '5m', 'for': '2m', severity: 'critical' },
      { burn: 6, long: '6h', short: '30m', 'for': '15m', severity: 'warning' },
    ],
    minRequestRate: 0.01,  // requests per second below which ratios and percentiles mean nothing

    // Thresholds.
    queuePerReplica: 10,  // waiting requests per ready replica
    queueWindow: '10m',  // over which the queue must have grown
    kvCacheUsage: 0.95,  // ratio; beyond it vLLM preempts
    preemptionRate: 0.1,  // preemptions per second and stack
    errorRatio: 0.05,  // for stacks without slo.errorRatio
    restarts: 2,  // container restarts per pod within restartWindow
    restartWindow: '30m',
    seenWindow: '1d',  // a model that was ready within it counts as one that should serve
    eppSchedulingSeconds: 0.05,  // p99; the histogram ends at 0.1 s
    eppErrorRatio: 0.05,
    poolSaturation: 1,  // 1.0 = no endpoint accepts more
    litellmErrorRatio: 0.05,

    // Dashboards.
    dashboardPrefix: 'Inference / ',
    dashboardUidPrefix: 'inference-',
    dashboardTags: ['inference'],
    dashboardRefresh: '30s',
  },
}
