// What Grafana's panels show of answers of Prometheus, by Grafana's own libraries (Apache-2.0, from npm) in a browser.
//
// Not on npm, and so written here after Grafana's behaviour: how answers become data frames (the data source), which
// panel options exist (the registry), the variables in texts, and that a state timeline which merges values in colour
// mode "thresholds" shows the ranges of the thresholds instead of the mapped words.
import * as data from "GRAFANA_DATA";

const theme = data.createTheme({ colors: { mode: "dark" } });
// Earlier versions take a transformation as an object, later ones call a function for it.
data.standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(data.standardTransformers).map((made) => [made.id, made])).values()].map((made) => {
    const { id, operator, defaultOptions, transformer } = made;
    const callable = () => Promise.resolve(made);
    return { id, name: id, transformation: Object.assign(callable, { id, operator, defaultOptions, transformer }) };
  }),
);

function registry() {
  const processors = {
    decimals: data.numberOverrideProcessor,
    displayName: data.displayNameOverrideProcessor || data.stringOverrideProcessor,
    links: data.dataLinksOverrideProcessor,
    mappings: data.valueMappingsOverrideProcessor,
    max: data.numberOverrideProcessor,
    min: data.numberOverrideProcessor,
    noValue: data.stringOverrideProcessor,
    thresholds: data.thresholdsOverrideProcessor,
    unit: data.unitOverrideProcessor || data.stringOverrideProcessor,
  };
  const custom = ["width", "cellOptions", "lineWidth", "showPoints", "hideFrom", "fillBelowTo", "fillOpacity", "align"];
  const items = ["color", ...Object.keys(processors)].map((id) => option(id, id, false, processors[id]));
  items.push(...custom.map((path) => option(`custom.${path}`, path, true)));
  const made = new data.FieldConfigOptionsRegistry();
  for (const item of items) made.register(item);
  return made;
}

function option(id, path, isCustom, process) {
  const keep = data.identityOverrideProcessor || ((value) => value);
  const settings = id === "displayName" ? { expandTemplateVars: true } : {};
  return { id, path, isCustom, name: id, settings, shouldApply: () => true, process: process || keep };
}

// Answers -> data frames, as the Prometheus data source makes them.
export function frames(panel, answers) {
  const targets = panel.targets || [];
  const tables = targets.filter((target) => target.format === "table");
  return targets.flatMap((target) => {
    const answer = answers[target.refId];
    if (!answer || answer.error) return [];
    const value = tables.length > 1 ? `Value #${target.refId}` : "Value";
    return target.format === "table" ? [table(target, answer.result, value)] : series(target, answer.result);
  });
}

function table(target, result, valueName) {
  const labels = [...new Set(result.flatMap((row) => Object.keys(row.metric)))].sort();
  const points = result.map((row) => row.value || row.values[row.values.length - 1]);
  const fields = [
    field("Time", "time", points.map((point) => point[0] * 1000)),
    ...labels.map((name) => field(name, "string", result.map((row) => row.metric[name] || ""), { filterable: true })),
    field(valueName, "number", points.map((point) => Number(point[1]))),
  ];
  return data.toDataFrame({ refId: target.refId, fields, length: result.length });
}

function series(target, result) {
  if (!result.length) return [data.toDataFrame({ refId: target.refId, fields: [] })];
  return result.map((row) => {
    const points = row.values || [row.value];
    const name = legend(target, row.metric);
    return data.toDataFrame({
      refId: target.refId,
      name,
      fields: [
        field("Time", "time", points.map((point) => point[0] * 1000)),
        { ...field("Value", "number", points.map((point) => Number(point[1])), { displayNameFromDS: name }), labels: row.metric },
      ],
    });
  });
}

function field(name, type, values, config = {}) {
  return { name, type, values, config };
}

function legend(target, metric) {
  if (target.legendFormat) {
    return target.legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => metric[name] || "");
  }
  const { __name__: name = "", ...labels } = metric;
  const words = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return name || words.length ? `${name}{${words.join(", ")}}` : target.expr;
}

// Variables in texts: ${__data.fields.X}, ${__field.labels.X}, ${__value.text}, ${name}.
function replacer(variables) {
  return (text, scoped = {}) =>
    String(text).replace(/\$\{([^}:]+)(?::[^}]+)?\}/g, (match, path) => {
      const context = scoped.__dataContext && scoped.__dataContext.value;
      const named = path.match(/^__data\.fields(?:\.(.+)|\["?(.+?)"?\])$/);
      if (named && context && context.rowIndex !== undefined) {
        const all = data.getFieldDisplayValuesProxy({ frame: context.frame, rowIndex: context.rowIndex });
        const found = all[named[1] || named[2]];
        return found === undefined ? match : String(found);
      }
      const label = path.match(/^__field\.labels\.(.+)$/);
      if (label && context) return (context.field.labels || {})[label[1]] || match;
      return path in variables ? variables[path] : match;
    });
}

function transformed(panel, made) {
  const context = { interpolate: (text) => text };
  return new Promise((resolve, reject) =>
    data.transformDataFrame(panel.transformations || [], made, context).subscribe({ next: resolve, error: reject }),
  );
}

export async function prepared(panel, answers, variables = {}) {
  const made = await transformed(panel, frames(panel, answers));
  return data.applyFieldOverrides({
    data: made,
    fieldConfig: panel.fieldConfig || { defaults: {}, overrides: [] },
    fieldConfigRegistry: registry(),
    replaceVariables: replacer(variables),
    theme,
    timeZone: "Europe/London",
  });
}

export async function displayValues(panel, answers, variables = {}) {
  return data.getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: replacer(variables),
    theme,
    data: await prepared(panel, answers, variables),
    timeZone: "Europe/London",
  });
}

const said = (display) => ({ text: data.formattedValueToString(display), color: display.color });

async function tiles(panel, answers, variables) {
  return (await displayValues(panel, answers, variables)).map((value) => ({
    ...said(value.display),
    title: value.display.title || "",
  }));
}

async function cells(panel, answers, variables) {
  const [frame] = await prepared(panel, answers, variables);
  const shown = frame ? frame.fields : [];
  if (!frame || !frame.length) return { heads: [], rows: [], nothing: panel.fieldConfig.defaults.noValue };
  const heads = shown.map((one) => data.getFieldDisplayName(one, frame));
  let order = [...Array(frame.length).keys()];
  for (const { displayName, desc } of [...(panel.options.sortBy || [])].reverse()) {
    const by = shown[heads.indexOf(displayName)];
    if (by) order = order.sort((a, b) => compare(by.values[a], by.values[b]) * (desc ? -1 : 1));
  }
  const rows = order.map((index) => shown.map((one) => said(one.display(one.values[index]))));
  const painted = shown.map((one) => ((one.config.custom || {}).cellOptions || {}).type === "color-background");
  const widths = shown.map((one) => (one.config.custom || {}).width || 0);
  return { heads, rows, painted, widths, nothing: "" };
}

function compare(one, other) {
  if (one === other) return 0;
  if (one === null || one === undefined) return -1;
  if (other === null || other === undefined) return 1;
  return one < other ? -1 : 1;
}

async function bars(panel, answers, variables) {
  const ranges = panel.fieldConfig.defaults.color.mode === "thresholds" && panel.options.mergeValues;
  return (await prepared(panel, answers, variables)).flatMap((frame) =>
    frame.fields
      .filter((one) => one.type === "number")
      .map((one) => ({
        name: data.getFieldDisplayName(one, frame),
        states: one.values.map((value) => (ranges ? range(one, value) : said(one.display(value)))),
      })),
  );
}

function range(one, value) {
  const steps = one.config.thresholds.steps;
  const at = steps.filter((step) => value >= (step.value === null ? -Infinity : step.value)).length - 1;
  const next = steps[at + 1];
  const low = steps[at].value === null ? "-Infinity" : steps[at].value;
  return { text: next ? `${low} - ${next.value}` : `${low}+`, color: steps[at].color };
}

async function lines(panel, answers, variables) {
  return (await prepared(panel, answers, variables)).flatMap((frame) =>
    frame.fields
      .filter((one) => one.type === "number")
      .map((one) => ({
        name: data.getFieldDisplayName(one, frame),
        last: said(one.display(one.values[one.values.length - 1])),
      })),
  );
}

const SHOWN = { stat: tiles, bargauge: tiles, table: cells, "state-timeline": bars, timeseries: lines };

export async function show(panel, answers, variables = {}) {
  const known = SHOWN[panel.type];
  return known ? known(panel, answers, variables) : null;
}

export function showAll(jobs) {
  return Promise.all(jobs.map(({ panel, answers, variables }) => show(panel, answers, variables || {})));
}

export { data, theme };
