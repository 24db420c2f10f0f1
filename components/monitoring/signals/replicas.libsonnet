// Replicas and pods: from the scrape itself and from kube-state-metrics, so that engines without metrics have them too.
//
// Objects of kube-state-metrics are tied to stacks by `stack:inference_stack:info`, which every stack's own
// PrometheusRule records with the name that KServe gives the predictor: the Deployment of Standard mode is called so, the
// Deployments of Knative's revisions <predictor>-<revision>-deployment.
function(config, s) (
  local ksm(metric, extra) = metric + s.where([config.kubeStateMetricsSelector, extra]);
  local info = 'stack:inference_stack:info' + s.stackWhere();
  local pods = 'pod=~".+-predictor-.+"';
  local ofPod(operation, expr) = operation + ' by (namespace, pod) (' + expr + ')';
  local withStack(expr) =
    'label_replace(\n' + expr + ',\n  "predictor", "$1", "pod", "(.+-predictor)-.+"\n)\n'
    + '* on (namespace, predictor) group_left (' + std.join(', ', config.stackLabels) + ')\n' + info;
  local scraped = std.any([stack.metricsPort != null for stack in std.objectValues(config.stacks)]);

  (if !scraped then [] else [
     {
       group: 'replicas',
       name: 'targets_up',
       title: 'Replicas scraped',
       unit: 'short',
       record: 'stack:inference_targets_up:sum',
       expr: 'sum ' + s.by + ' (up' + s.stackWhere('component="model"') + ')',
     },
   ])
  + [
    {
      group: 'replicas',
      name: 'ready',
      title: 'Replicas ready',
      unit: 'short',
      record: 'stack:inference_replicas_ready:sum',
      expr:
        'sum ' + s.by + ' (\n'
        + '  label_replace(\n    '
        + ksm('kube_deployment_status_replicas_ready', 'deployment=~".+-predictor(-[0-9]+-deployment)?"')
        + ',\n    "predictor", "$1", "deployment", "(.+-predictor)(-[0-9]+-deployment)?"\n  )\n'
        + '  * on (namespace, predictor) group_left (' + std.join(', ', config.stackLabels) + ')\n  ' + info + '\n)',
    },
    {
      group: 'replicas',
      name: 'starting',
      title: 'Pods that are not ready, seconds since their start',
      unit: 's',
      record: 'pod:inference_starting:seconds',
      expr: withStack(
        '  (\n'
        + '    time() - ' + ofPod('max', ksm('kube_pod_container_state_started', pods + ',container="' + config.serverContainer + '"')) + '\n'
        + '    or\n'
        + '    time() - ' + ofPod('max', ksm('kube_pod_created', pods)) + '\n'
        + '  )\n'
        + '  unless on (namespace, pod) ' + ksm('kube_pod_status_ready', pods + ',condition="true"') + ' == 1\n'
        + '  unless on (namespace, pod) ' + ksm('kube_pod_status_phase', pods + ',phase=~"Failed|Succeeded"') + ' == 1'
      ),
    },
    {
      group: 'replicas',
      name: 'restarts',
      title: 'Container restarts within ' + config.restartWindow,
      unit: 'short',
      record: 'pod:inference_restarts:increase' + config.restartWindow,
      expr: withStack(
        '  ' + ofPod('sum', 'increase(' + ksm('kube_pod_container_status_restarts_total', pods) + '[' + config.restartWindow + '])')
      ),
    },
  ]
)
