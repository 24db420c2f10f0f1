// Panels made from signals: title, unit and series come from the signal; one that the engines lack gives no panel.
function(grafana, signals) {
  local this = self,
  local has(name) = std.objectHas(signals, name),

  // The series of a signal, limited by the variables of the dashboard.
  series(name, where):: signals[name].record + '{' + where + '}',
  lines(names, where, legend, title=null, description='', size=[8, 8], max=null)::
    local found = [name for name in names if has(name)];
    if found == [] then null else grafana.timeseries(
      if title == null then signals[found[0]].title else title,
      signals[found[0]].unit,
      [
        grafana.query(this.series(name, where), legend + (if std.length(found) > 1 then ' ' + this.suffix(name) else ''))
        for name in found
      ],
      description,
      size,
      max,
    ),
  // What tells several signals of one panel apart: the percentile, or the last word of the name.
  suffix(name):: local words = std.split(name, '_'); words[std.length(words) - 1],

  number(title, unit, operation, name, where, description='', steps=[[null, 'text']])::
    if !has(name) then null else grafana.stat(title, unit, operation + '(' + this.series(name, where) + ')', description, steps=steps),

  column(title, name, where, by)::
    if !has(name) then null else { title: title, unit: signals[name].unit, expr: 'sum by (' + by + ') (' + this.series(name, where) + ')' },
}
