// The few Grafana objects that these dashboards need.
function(config) {
  local this = self,
  local datasource = { type: 'prometheus', uid: '${datasource}' },
  local width = 24,

  // Variables.
  datasourceVariable:: {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: '',
    skipUrlSync: false,
  },
  variable(name, label, series):: {
    local query = 'label_values(' + series + ', ' + name + ')',
    name: name,
    label: label,
    type: 'query',
    datasource: datasource,
    definition: query,
    query: { qryType: 1, query: query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    current: {},
    hide: 0,
    includeAll: true,
    multi: true,
    options: [],
    refresh: 2,
    regex: '',
    skipUrlSync: false,
    sort: 1,
  },

  // Queries.
  query(expr, legend=''):: { expr: expr, legendFormat: legend },
  local targets(queries, extra) = std.mapWithIndex(
    function(index, query) query + extra + { datasource: datasource, editorMode: 'code', refId: std.char(std.codepoint('A') + index) },
    queries,
  ),

  // Panels: title, unit and queries; size in grid units of 24 a row.
  local panel(type, title, unit, size) = {
    type: type,
    title: title,
    datasource: datasource,
    gridPos: { w: size[0], h: size[1] },
    fieldConfig: { defaults: { unit: unit }, overrides: [] },
  },
  timeseries(title, unit, queries, description='', size=[8, 8], max=null):: panel('timeseries', title, unit, size) {
    description: description,
    targets: targets(queries, { range: true }),
    fieldConfig+: {
      defaults+: {
        min: 0,
        [if max != null then 'max']: max,
        custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never', spanNulls: false },
      },
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  },
  // steps: [[from, color], …]; the first has no lower bound
  stat(title, unit, expr, description='', size=[4, 4], steps=[[null, 'text']]):: panel('stat', title, unit, size) {
    description: description,
    targets: targets([this.query(expr)], { instant: true }),
    fieldConfig+: {
      defaults+: {
        thresholds: { mode: 'absolute', steps: [{ value: step[0], color: step[1] } for step in steps] },
        color: { mode: 'thresholds' },
      },
    },
    options: {
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  },
  // columns: [{ title, unit, expr }]; rows are joined on the labels that the expressions keep
  table(title, columns, labels, description='', size=[24, 10]):: panel('table', title, 'short', size) {
    local letters = [std.char(std.codepoint('A') + index) for index in std.range(0, std.length(columns) - 1)],
    description: description,
    targets: targets([this.query(column.expr) for column in columns], { instant: true, format: 'table' }),
    fieldConfig+: {
      overrides: [
        { matcher: { id: 'byName', options: column.title }, properties: [{ id: 'unit', value: column.unit }] }
        for column in columns
      ],
    },
    options: { showHeader: true, cellHeight: 'sm', footer: { show: false, reducer: [], fields: '' } },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: { [label]: std.find(label, labels)[0] for label in labels }
                       + { ['Value #' + letters[i]]: std.length(labels) + i for i in std.range(0, std.length(columns) - 1) },
          renameByName: { ['Value #' + letters[i]]: columns[i].title for i in std.range(0, std.length(columns) - 1) },
        },
      },
    ],
  },

  row(title, panels):: { title: title, panels: [item for item in panels if item != null] },

  // Numbers the panels and lays them out: a row header, then its panels from left to right, wrapping at the width.
  local place(rows) =
    local header(title, y) = { type: 'row', title: title, collapsed: false, panels: [], gridPos: { x: 0, y: y, w: width, h: 1 } };
    local flow(state, item) = (
      local wraps = state.x + item.gridPos.w > width;
      local x = if wraps then 0 else state.x;
      local y = if wraps then state.y + state.height else state.y;
      {
        x: x + item.gridPos.w,
        y: y,
        height: if wraps then item.gridPos.h else std.max(state.height, item.gridPos.h),
        done: state.done + [item { gridPos+: { x: x, y: y } }],
      }
    );
    local rowOf(state, row) =
      local end = std.foldl(flow, row.panels, { x: 0, y: state.y + 1, height: 0, done: [] });
      { y: end.y + end.height, done: state.done + [header(row.title, state.y)] + end.done };
    local placed = std.foldl(rowOf, [row for row in rows if row.panels != []], { y: 0, done: [] }).done;
    std.mapWithIndex(function(index, item) item { id: index + 1 }, placed),

  dashboard(name, title, description, variables, rows):: {
    uid: config.dashboardUidPrefix + name,
    title: config.dashboardPrefix + title,
    description: description,
    tags: config.dashboardTags,
    schemaVersion: 41,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: config.dashboardRefresh,
    time: { from: 'now-3h', to: 'now' },
    timepicker: {},
    timezone: 'browser',
    fiscalYearStartMonth: 0,
    weekStart: '',
    annotations: { list: [] },
    templating: { list: [this.datasourceVariable] + variables },
    links: [{
      title: 'Inference dashboards',
      type: 'dashboards',
      tags: config.dashboardTags,
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      tooltip: '',
      url: '',
    }],
    panels: place(rows),
  },
}
