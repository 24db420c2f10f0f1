// One alert. `where` names what it is about in the summary; `steps` are the first things to try, for the runbook.
function(config) {
  local this = self,

  ofStack:: {
    scope: 'stack',
    page: '{{ $labels.stack }}.md',
    name: 'Model {{ $labels.model }} (stack {{ $labels.stack }} on {{ $labels.cluster }})',
  },
  ofLiteLLM:: {
    scope: 'litellm',
    page: 'litellm.md',
    name: 'Model {{ $labels.requested_model }} on the LiteLLM proxy of {{ $labels.cluster }}',
  },

  new(about, spec):: {
    alert: spec.alert,
    expr: spec.expr,
    'for': spec['for'],
    labels: { severity: spec.severity }
            + (if config.environment == '' then {} else { environment: config.environment })
            + std.get(spec, 'labels', {}),
    annotations: {
                   summary: about.name + ' ' + spec.summary + '.',
                   description: spec.description,
                 }
                 + (if config.runbookBaseUrl == '' then {} else {
                      runbook_url: config.runbookBaseUrl + about.page + '#' + std.asciiLower(spec.alert),
                    }),
    // hidden: not part of the rule
    scope:: about.scope,
    meaning:: spec.meaning,
    steps:: spec.steps,
  },
  stack(spec):: this.new(this.ofStack, spec),
  litellm(spec):: this.new(this.ofLiteLLM, spec),
}
