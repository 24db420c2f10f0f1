// What the Prometheus operator scrapes. Every target carries the labels by which rules and dashboards select.
//
// The labels are target labels: a server's own label of the same name is kept as exported_<name> (vLLM's `engine`, the
// index of its engine core, becomes exported_engine).
function(config, params) (
  local stacks = params.stacks;
  local replace(label, value) = { action: 'replace', targetLabel: label, replacement: value };
  local ofStack(name, component) = [
    replace('cluster', params.cluster),
    replace('stack', name),
    replace('model', stacks[name].model),
    replace('engine', stacks[name].engine),
    replace('component', component),
  ];
  // Labels of Services are shared between stacks and releases, the name is not.
  local onlyService(name) = { action: 'keep', sourceLabels: ['__meta_kubernetes_service_name'], regex: name };
  local bearer(secret) =
    if secret == null then {}
    else { authorization: { type: 'Bearer', credentials: if std.isString(secret) then { name: secret, key: 'token' } else secret } };
  local object(kind, namespace, name, spec) = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: kind,
    metadata: { name: name, namespace: namespace, labels: params.labels },
    spec: spec,
  };

  local model(name, stack) = object('PodMonitor', stack.namespace, name, {
    selector: { matchLabels: stack.podSelector },
    podMetricsEndpoints: [{
      // the number that the container declares: KServe's container ports may have no name
      portNumber: stack.metricsPort,
      path: stack.metricsPath,
      scheme: 'http',
      interval: params.interval,
      relabelings: ofStack(name, 'model'),
    }],
  });
  local epp(name, stack) = object('ServiceMonitor', stack.namespace, stack.epp.service, {
    selector: { matchLabels: stack.epp.selector },
    endpoints: [{
      port: stack.epp.metricsPort,
      path: '/metrics',
      scheme: 'http',
      interval: params.interval,
      relabelings: [onlyService(stack.epp.service)] + ofStack(name, 'epp'),
    } + bearer(std.get(stack.epp, 'tokenSecret'))],
  });
  local litellm(proxy) = object('ServiceMonitor', proxy.namespace, proxy.service, {
    selector: if std.get(proxy, 'selector') == null then {} else { matchLabels: proxy.selector },
    endpoints: [{
      port: proxy.port,
      path: '/metrics/',  // without the slash the proxy redirects
      scheme: 'http',
      interval: params.interval,
      relabelings: [onlyService(proxy.service), replace('cluster', params.cluster), replace('component', 'litellm')],
    } + bearer(std.get(proxy, 'tokenSecret'))],
  });

  [model(name, stacks[name]) for name in std.objectFields(stacks) if stacks[name].metricsPort != null]
  + [epp(name, stacks[name]) for name in std.objectFields(stacks) if std.get(stacks[name], 'epp') != null]
  + (if config.litellm == null then [] else [litellm(config.litellm)])
)
