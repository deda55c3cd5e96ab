#!/usr/bin/env bash
# Grafana's "Delta" of a counter leaves out what was counted up to the second sample after each restart.
#
# Version: @grafana/data 12.3.0 (npm), the code that Grafana 12 reduces a series with.
#
# Best guess before trying: "Delta: cumulative change in value, only counts increments" is the increase of a counter, as
# increase() of PromQL: after a restart it goes on from the new, smaller value. 10, 20, 30, 0, 5 has grown by 25, and
# 5, 7, 1, 2 by 4.
#
# Seen: the first increment after a fall is not counted at all: 20 and 2. A counter that falls at every second sample has no
# delta. A gap (null) does no such harm.
#
# Why it matters: lost packets, refused logins or failed checks are summed up in a tile by "Delta". An agent or a camera
# that restarts often, the very one to be found, is shown with the fewest.
#
# In healthmon: sums over time are made by PromQL in the dashboards, none by this reducer.
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

const series = [[10, 20, 30, 40], [10, 20, null, 40], [10, 20, 30, 0, 5], [10, 20, 30, 0, 5, 10], [5, 7, 1, 2], [4, 0, 4, 0, 4]];
for (const values of series) {
  const { delta } = reduceField({ field: { name: "lost", type: "number", config: {}, values }, reducers: ["delta"] });
  console.log(`${values.map(String).join(", ")} -> delta ${delta}`);
}
EOF
node try.js 2> /dev/null | grep -- '->' > seen.txt

diff seen.txt - <<'EOF' || { echo "Grafana behaves differently now"; exit 1; }
10, 20, 30, 40 -> delta 30
10, 20, null, 40 -> delta 30
10, 20, 30, 0, 5 -> delta 20
10, 20, 30, 0, 5, 10 -> delta 25
5, 7, 1, 2 -> delta 2
4, 0, 4, 0, 4 -> delta 0
EOF
cat seen.txt
