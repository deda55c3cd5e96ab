"""A program: so many cameras that all answer a WS-Discovery Probe at once, each from an address of its
own (10.9.0.1 and on, which the namespace must have). ``python ws_responder.py COUNT INTERFACE-ADDRESS``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
import sys

GROUP, PORT = "239.255.255.250", 3702
FIRST = int(ipaddress.IPv4Address("10.9.0.1"))
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope'
    ' xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<SOAP-ENV:Header><wsa:MessageID>urn:uuid:{uuid}</wsa:MessageID>"
    "<wsa:RelatesTo>{to}</wsa:RelatesTo></SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches>"
    "<d:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:{uuid}</wsa:Address>"
    "</wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Cam%20{n}"
    " onvif://www.onvif.org/hardware/X-{n} onvif://www.onvif.org/location/High%20St"
    " {padding}</d:Scopes>"
    "<d:XAddrs>http://{host}/onvif/device_service http://198.51.100.7/onvif/device_service</d:XAddrs>"
    "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body>"
    "</SOAP-ENV:Envelope>"
)
# A camera names two dozen scopes: an answer is about 2 KB.
PADDING = " ".join(f"onvif://www.onvif.org/Profile/{n:040d}" for n in range(12))


def main(count: int, interface: str) -> None:
    """Answer every Probe, two datagrams of each camera back to back."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("", PORT))
    member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(interface))
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    cameras = []
    for number in range(count):
        camera = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        camera.bind((str(ipaddress.IPv4Address(FIRST + number)), 0))
        cameras.append(camera)
    print("ready", flush=True)
    while True:
        data, peer = listening.recvfrom(65536)
        to = re.search(rb"urn:uuid:[0-9a-f-]{36}", data)
        for number, camera in enumerate(cameras):
            uuid = f"00000000-0000-4000-8000-{number:012x}"
            host = camera.getsockname()[0]
            text = ANSWER.format(
                uuid=uuid, to=to[0].decode() if to else "", n=number, host=host, padding=PADDING
            )
            camera.sendto(text.encode(), peer)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
