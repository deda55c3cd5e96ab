#!/usr/bin/env bash
# Grafana's "Last *" shows the last number before a sample that says "not a number"; the median of the same samples is NaN.
#
# Version: @grafana/data 12.3.0 (npm), the code that Grafana 12 reduces a series with.
#
# Best guess before trying: "last, non-null value" (the default of stat and gauge panels) leaves out gaps. NaN is a sample
# and not a gap: an exporter sends it to say that the value is not known now, so the tile shows NaN or "No data".
#
# Seen: for 1, 2, NaN "lastNotNull" is 2 and "last" is NaN. Mean, minimum, maximum and sum leave NaN out, too, but "count"
# counts it, and the median of 1, NaN, 3 is NaN. For two NaN the sum and the delta are 0, while the mean is empty.
#
# Why it matters: a UPS or a clock that is not known any more keeps its last good number on the wall as long as the period
# of the panel is, in the colour of that number; beside it the median says NaN.
#
# In healthmon: what is not known has no sample at all (no NaN is exported), and tiles ask for one instant.
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
const { reduceField } = require("@grafana/data");

const reducers = ["lastNotNull", "last", "mean", "median", "min", "max", "count", "sum", "delta"];
for (const values of [[1, 2, NaN], [1, NaN, 3], [NaN, NaN]]) {
  const found = reduceField({ field: { name: "offset", type: "number", config: {}, values }, reducers });
  console.log(`${values} -> ${reducers.map((name) => `${name} ${found[name]}`).join(", ")}`);
}
EOF
node try.js 2> /dev/null | grep -- '->' > seen.txt

diff seen.txt - <<'EOF' || { echo "Grafana behaves differently now"; exit 1; }
1,2,NaN -> lastNotNull 2, last NaN, mean 1.5, median 2, min 1, max 2, count 3, sum 3, delta 1
1,NaN,3 -> lastNotNull 3, last 3, mean 2, median NaN, min 1, max 3, count 3, sum 4, delta 2
NaN,NaN -> lastNotNull null, last NaN, mean null, median NaN, min null, max null, count 2, sum 0, delta 0
EOF
cat seen.txt
