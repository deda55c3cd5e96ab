#!/usr/bin/env bash
# The publisher of WSDiscovery takes twenty cameras without a word and answers every probe with the last one only.
#
# Version: WSDiscovery 2.1.2 (PyPI).
#
# Best guess before trying: publishService() may be called again and again ("services" in its names), so a Probe gets twenty
# ProbeMatch elements, in one answer or in several.
#
# Seen: all services of one publisher have the same endpoint reference, and each new one takes the place of the one before.
# Twenty Hello messages are sent, with twenty addresses under one reference; a Probe is answered by the twentieth camera alone,
# twice the same message. The library's own search finds one service. Nothing is raised. The output is exact.
#
# Why it matters: a gateway or a simulator that announces its cameras this way has one camera in every discovery, and a client that
# goes by Hello messages sees one camera that moves to a new address twenty times. A test of discovery "with 20 cameras" by it
# tests one.
#
# In healthmon: discovery goes by endpoint reference and sender together and asks the given ranges too, so that what is not
# announced is found by its address; its tests give each announced camera a publisher of its own.
set -euo pipefail
unshare -rn true 2> /dev/null || { echo "network namespaces (unshare -rn) are needed"; exit 2; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check WSDiscovery==2.1.2 || exit 2

cat > "$T/try.py" <<'EOF'
import re
import socket
import threading
import time
import uuid

from wsdiscovery import QName, Scope
from wsdiscovery.discovery import ThreadedWSDiscovery
from wsdiscovery.publishing import ThreadedWSPublishing

GROUP = ("239.255.255.250", 3702)
HERE = "192.0.2.250"
CAMERA = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
PROBE = f"""<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>
<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body><d:Probe/></s:Body></s:Envelope>"""
threading.excepthook = lambda failed: None  # its search also asks by IPv6, which is not here


def received(listener, seconds):
    """All messages of the next seconds."""
    listener.settimeout(0.2)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            yield listener.recv(65535).decode()
        except TimeoutError:
            continue


def listening(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    own = socket.inet_aton(HERE)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP[0]) + own)
    return listener


group = listening(3702)
publisher = ThreadedWSPublishing()
publisher.start()
for number in range(1, 21):
    address = f"http://192.0.2.{number}/onvif/device_service"
    publisher.publishService([CAMERA], [Scope(f"onvif://www.onvif.org/name/C{number:03}")], [address])
hellos = [text for text in received(group, 3) if "Hello>" in text]
addresses = {re.search("192[.]0[.]2[.][0-9]+", text).group() for text in hellos}
references = {re.search("Address>(urn:uuid:[^<]+)", text.split("Hello>")[1]).group(1) for text in hellos}
print(f"Hello: {len(addresses)} addresses, {len(references)} endpoint reference")

asking = listening(0)
asking.sendto(PROBE.encode(), GROUP)
names = sorted({name for text in received(asking, 3) for name in re.findall("name/(C[0-9]+)", text)})
print(f"Probe: {names}")

finder = ThreadedWSDiscovery()
finder.start()
print(f"its own search: {[service.getXAddrs() for service in finder.searchServices(timeout=3)]}")
finder.stop()
publisher.stop()
EOF

inside='ip link set lo up multicast on; ip addr add 192.0.2.250/24 dev lo; ip route add 224.0.0.0/4 dev lo src 192.0.2.250'
unshare -rn bash -c "$inside; '$T/env/bin/python' '$T/try.py'" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "WSDiscovery behaves differently now"; exit 1; }
Hello: 20 addresses, 1 endpoint reference
Probe: ['C020']
its own search: [['http://192.0.2.20/onvif/device_service']]
EOF
cat "$T/seen.txt"
