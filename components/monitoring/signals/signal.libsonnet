// A signal is one measured quantity, defined once: the recording rule, the alerts and the panels all use its `record`.
//
// The real name of a metric depends on the engine and its version. A signal names the logical metrics it needs and
// is left out when no scraped stack has them; where stacks differ, one expression per distinct name is joined by `or`.
local number = import '../number.libsonnet';

function(config) {
  local this = self,

  // What each scraped stack reports, without repetition.
  local reports = [
    std.parseJson(text)
    for text in std.set([
      std.manifestJsonMinified(config.metrics[stack.engine] + std.get(stack, 'metrics', {}))
      for stack in std.objectValues(config.stacks)
      if stack.metricsPort != null
    ])
  ],
  local has(names, logicals) = std.all([std.get(names, logical) != null for logical in logicals]),
  local tuples(reports, logicals) = std.set([
    std.join(' ', [names[logical] for logical in logicals])
    for names in reports
    if has(names, logicals)
  ]),

  by:: 'by (' + std.join(', ', config.stackLabels) + ')',
  byLe:: 'by (' + std.join(', ', config.stackLabels + ['le']) + ')',
  reports:: reports,

  // {a,b,c} of the selectors that are not empty.
  where(selectors):: '{' + std.join(',', [selector for selector in selectors if selector != '']) + '}',
  stackWhere(extra=''):: this.where([config.selector, extra]),
  rate(metric, extra=''):: 'rate(' + metric + this.stackWhere(extra) + '[' + config.rateWindow + '])',
  sumRate(metric, extra=''):: 'sum ' + this.by + ' (' + this.rate(metric, extra) + ')',
  quantile(percentile, buckets)::
    'histogram_quantile(' + number(std.parseInt(std.lstripChars(percentile, 'p')) / 100) + ', ' + buckets + ')',

  of(name, title, unit, record):: { name: name, title: title, unit: unit, record: record },

  // One signal, or none. `expr` takes the real names in the order of `logicals`.
  from(reports, logicals, expr, signal)::
    local found = tuples(reports, logicals);
    if found == [] then [] else [signal {
      expr: std.join('\nor\n', [expr(std.split(tuple, ' ')) for tuple in found]),
    }],

  // Bucket rates of a histogram, recorded once as <name>_buckets, and percentiles of them as <name>_<percentile>.
  histogram(reports, logical, base, extra, percentiles, signal)::
    local buckets = 'stack_le:' + base + '_bucket:rate' + config.rateWindow;
    local recorded = this.from(
      reports,
      [logical],
      function(names) 'sum ' + this.byLe + ' (' + this.rate(names[0] + '_bucket', extra) + ')',
      signal { name: signal.name + '_buckets', unit: 'reqps', record: buckets },
    );
    if recorded == [] then [] else recorded + [
      signal {
        name: signal.name + '_' + percentile,
        title: signal.title + ', ' + percentile,
        record: 'stack:' + base + ':' + percentile,
        expr: this.quantile(percentile, buckets),
      }
      for percentile in percentiles
    ],
}
