#!/usr/bin/env bash
# Grafana's transformations take "no value" for 0: the filter "is lower" keeps it, and nothing divided by two is nought.
#
# Version: @grafana/data 12.3.0 (npm), the code that Grafana 12 transforms tables with.
#
# Best guess before trying: a row without a value fulfils no comparison, as NULL in SQL and as an absent series in PromQL,
# and a calculation with nothing gives nothing. A null and a NaN are treated alike.
#
# Seen: "is lower" than 5 keeps the rows with null, "is greater or equal" to 0, too; both drop those with NaN. So one row
# passes "lower than 5" and "greater or equal to 0" although nothing is known of it. "Is null" finds the null only. "Add
# field from calculation" makes 0 of null / 2 and -2 of null - 2, and NaN of a NaN. The output at the end is exact.
#
# Why it matters: tables that are joined by device (outer) have a null wherever a device lacks a metric. "Batteries below
# 20 minutes" then lists every camera; "clock offset minus allowance" gives a camera whose clock was never read a number.
#
# In healthmon: comparisons and sums are made by PromQL in the dashboards, none by these transformations.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for tool in node npm; do command -v "$tool" > /dev/null || { echo "$tool is needed"; exit 2; }; done
cd "$T"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional @grafana/data@12.3.0 > /dev/null || exit 2

cat > try.js <<'EOF'
require("react-use"); // before there is a window, else it asks for a whole browser
globalThis.window = { addEventListener() {}, location: { search: "" } };
globalThis.navigator = { language: "en-GB", languages: ["en-GB"] };
globalThis.localStorage = { getItem: () => null };
const { standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame } = require("@grafana/data");

const byId = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
standardTransformersRegistry.setInit(() =>
  [...byId.values()].map((one) => ({ id: one.id, name: one.name, transformation: one, editor: null })));
const table = () =>
  toDataFrame({
    fields: [
      { name: "device", type: "string", values: ["U1", "U2", "U3", "C1", "C2"] },
      { name: "minutes", type: "number", values: [9, 4, 0, null, NaN] },
      { name: "two", type: "number", values: [2, 2, 2, 2, 2] },
    ],
  });
const transformed = (id, options) =>
  new Promise((resolve, reject) =>
    transformDataFrame([{ id, options }], [table()]).subscribe({ next: resolve, error: reject }));
const kept = async (id, value) => {
  const filters = [{ fieldName: "minutes", config: { id, options: { value } } }];
  const [frame] = await transformed("filterByValue", { filters, type: "include", match: "any" });
  console.log(`${id} ${value ?? ""} -> ${frame.fields[0].values.join(" ") || "no row"}`);
};
const calculated = async (operator) => {
  const binary = { left: "minutes", operator, right: "two" };
  const [frame] = await transformed("calculateField", { mode: "binary", binary, replaceFields: true });
  console.log(`minutes ${operator} 2 -> ${frame.fields[0].values.join(", ")}`);
};
(async () => {
  for (const [id, value] of [["lower", 5], ["greaterOrEqual", 0], ["greater", 5], ["notEqual", 9], ["isNull"]]) await kept(id, value);
  for (const operator of ["/", "-"]) await calculated(operator);
})();
EOF
node try.js 2> /dev/null | grep -- '->' > seen.txt

diff seen.txt - <<'EOF' || { echo "Grafana behaves differently now"; exit 1; }
lower 5 -> U2 U3 C1
greaterOrEqual 0 -> U1 U2 U3 C1
greater 5 -> U1
notEqual 9 -> U2 U3 C1 C2
isNull  -> C1
minutes / 2 -> 4.5, 2, 0, 0, NaN
minutes - 2 -> 7, 2, -2, -2, NaN
EOF
cat seen.txt
