#!/usr/bin/env bash
# A Grafana value mapping by the expression OB does not match the UPS status "OB DISCHRG", so the tile stays grey.
#
# Version: @grafana/data 12.3.0 (the library that every panel of Grafana 12.3 uses; Node.js 20.20.2).
#
# Best guess before trying: a mapping of type regex searches the text, as Prometheus' label filters are the only ones that are
# anchored; what matches gets the mapping's text and colour; mappings are tried from the top.
#
# Seen: an expression without slashes is anchored at both ends, so "OB" matches the text "OB" alone. NUT's usual text in a
# power cut is "OB DISCHRG": no mapping, the raw text in the base colour. With slashes (/OB/) it searches, and then only the
# part that matched is replaced: "OL RB" becomes "OL REPLACE BATTERY", in the mapping's colour. The output is exact.
#
# Why it matters: the tile was tried by hand with "OL" and "OB" and was right; on the day of the power cut it is grey among
# grey ones.
#
# In healthmon: dashboards/looks.py writes the slashes, and gives a colour without replacing the words.
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
const { createTheme, getDisplayProcessor } = require("@grafana/data");

const theme = createTheme();
const mapping = (pattern, text, color) => ({ type: "regex", options: { pattern, result: { text, color } } });
const shown = (status, ...mappings) => {
  const field = { name: "status", type: "string", config: { mappings } };
  const { text, color } = getDisplayProcessor({ field, theme })(status);
  return `${status} -> ${text}, ${color === "#d55e00" ? "the mapping's colour" : "the base colour"}`;
};
for (const status of ["OB", "OB DISCHRG", "OB LB"]) console.log(`OB: ${shown(status, mapping("OB", "ON BATTERY", "#d55e00"))}`);
for (const status of ["RB", "OL RB"]) console.log(`/RB/: ${shown(status, mapping("/RB/", "REPLACE BATTERY", "#d55e00"))}`);
console.log(`.*RB.*: ${shown("OL RB", mapping(".*RB.*", "REPLACE BATTERY", "#d55e00"))}`);
EOF
node try.js 2> /dev/null | grep -- '->' > seen.txt

diff seen.txt - <<'EOF' || { echo "Grafana behaves differently now"; exit 1; }
OB: OB -> ON BATTERY, the mapping's colour
OB: OB DISCHRG -> OB DISCHRG, the base colour
OB: OB LB -> OB LB, the base colour
/RB/: RB -> REPLACE BATTERY, the mapping's colour
/RB/: OL RB -> OL REPLACE BATTERY, the mapping's colour
.*RB.*: OL RB -> REPLACE BATTERY, the mapping's colour
EOF
cat seen.txt
