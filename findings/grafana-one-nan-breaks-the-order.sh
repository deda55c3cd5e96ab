#!/usr/bin/env bash
# Grafana's "Sort by" on a column with one "not a number": the rows around it are not sorted, and the worst need not stand on top.
#
# Version: @grafana/data 12.3.0 (npm), the code that Grafana 12 sorts tables and bar gauges with.
#
# Best guess before trying: rows without a number come last (or first), as PromQL's sort and every spreadsheet do it; all
# others are in order.
#
# Seen: a NaN stays where it is and is a wall: what stands before it is not compared with what stands behind it. Of seven
# values, two of them NaN, the largest (30) is the fourth in "largest first". A null, which means the same to a reader,
# is sorted well, as the smallest. The frames are read from JSON as Grafana's server sends it, where a NaN of Prometheus
# is a null with an entry under "entities". The output at the end is exact.
#
# Why it matters: a table "worst clocks, largest first" cut to ten rows hides the worst camera because another one, at the
# right place in the list, has no value. It is right on the day it is made, when all cameras answer.
#
# In healthmon: what is not known has no sample at all (no NaN is exported).
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
const { dataFrameFromJSON, sortDataFrame } = require("@grafana/data");

const received = (values) =>
  dataFrameFromJSON({
    schema: { fields: [{ name: "offset", type: "number" }] },
    data: {
      values: [values.map((value) => (Number.isNaN(value) ? null : value))],
      entities: [{ NaN: values.flatMap((value, at) => (Number.isNaN(value) ? [at] : [])) }],
    },
  });
const sorted = (values, largestFirst) =>
  Array.from(sortDataFrame(received(values), 0, largestFirst).fields[0].values).join(", ");
for (const values of [[3, NaN, 1, 2], [2, 10, NaN, 1, 30, NaN, 4], [2, 10, null, 1, 30, null, 4]]) {
  const shown = values.map((value) => (value === null ? "null" : value)).join(", ");
  console.log(`${shown} -> smallest first: ${sorted(values, false)}`);
  console.log(`${shown} -> largest first: ${sorted(values, true)}`);
}
EOF
node try.js 2> /dev/null | grep -- '->' > seen.txt

diff seen.txt - <<'EOF' || { echo "Grafana behaves differently now"; exit 1; }
3, NaN, 1, 2 -> smallest first: 3, NaN, 1, 2
3, NaN, 1, 2 -> largest first: 3, NaN, 2, 1
2, 10, NaN, 1, 30, NaN, 4 -> smallest first: 2, 10, NaN, 1, 30, NaN, 4
2, 10, NaN, 1, 30, NaN, 4 -> largest first: 10, 2, NaN, 30, 1, NaN, 4
2, 10, null, 1, 30, null, 4 -> smallest first: , , 1, 2, 4, 10, 30
2, 10, null, 1, 30, null, 4 -> largest first: 30, 10, 4, 2, 1, , 
EOF
cat seen.txt
