// Recording rules: every signal, in groups that are evaluated from top to bottom.
function(config, signals) [
  {
    name: 'inference.' + group,
    interval: config.ruleInterval,
    rules: [
      { record: signals[name].record, expr: signals[name].expr }
      for name in signals.order
      if signals[name].group == group
    ],
  }
  for group in ['model', 'latency', 'replicas', 'epp', 'litellm']
  if std.any([signals[name].group == group for name in signals.order])
]
