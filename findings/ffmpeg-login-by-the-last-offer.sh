#!/usr/bin/env bash
# FFmpeg cannot log in to an RTSP camera that offers Digest with MD5 first and SHA-256 second.
#
# Version: PyAV 18.1.0 (its own FFmpeg).
#
# Best guess before trying: FFmpeg answers Digest with MD5 only, so it takes that offer wherever it stands, and Basic where
# SHA-256 and Basic are offered; only a camera with nothing but SHA-256 refuses it.
#
# Seen: of several Digest offers the last one counts. SHA-256 then MD5 works; MD5 then SHA-256 is 401, without one try: the
# second DESCRIBE carries no login at all. Basic beside a SHA-256 is not taken either, in neither order. With "Basic,
# Digest" in one field FFmpeg sends the password in clear (Basic), though Digest with MD5 is offered. The table is exact.
#
# Why it matters: cameras got SHA-256 by a firmware update, in an order of their own. After it ffprobe, PyAV and every
# recorder built on FFmpeg say "401 Unauthorized", which reads like a wrong password, while the same account plays elsewhere.
#
# In healthmon: protocols/http/digest.py, used for RTSP too, answers the strongest offer that it knows, never Basic beside a
# Digest.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 || exit 2

cat > "$T/try.py" <<'EOF'
import hashlib
import re
import socketserver
import threading

import av

MD5 = 'Digest realm="cam", nonce="for-md5", algorithm=MD5, qop="auth"'
SHA = 'Digest realm="cam", nonce="for-sha", algorithm=SHA-256, qop="auth"'
BASIC = 'Basic realm="cam"'
OFFERS = {
    "MD5": [MD5],
    "SHA-256, MD5": [SHA, MD5],
    "MD5, SHA-256": [MD5, SHA],
    "Basic, MD5": [BASIC, MD5],
    "Basic, SHA-256": [BASIC, SHA],
    "SHA-256, Basic": [SHA, BASIC],
    "Basic, MD5 (one field)": [f"{BASIC}, {MD5}"],
}
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n"


def login(given):
    """What an Authorization value for DESCRIBE as operator/secret is worth: "basic", "md5" or ""."""
    if given == "Basic b3BlcmF0b3I6c2VjcmV0":
        return "basic"
    said = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', given)}
    if said.get("nonce") != "for-md5":
        return ""
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
    between = ":".join((said["nonce"], said["nc"], said["cnonce"], said["qop"]))
    right = md5(f"{md5('operator:cam:secret')}:{between}:{md5('DESCRIBE:' + said['uri'])}")
    return "md5" if said["response"] == right else ""


class Camera(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline().decode():
            fields = {}
            while field := self.rfile.readline().decode().strip():
                name, _, value = field.partition(": ")
                fields[name.lower()] = value
            self.answer(line.split()[0], fields)

    def answer(self, method, fields):
        head, body = ["RTSP/1.0 200 OK", f"CSeq: {fields['cseq']}"], b""
        if method == "DESCRIBE":
            kind = login(fields.get("authorization", ""))
            self.server.seen.append(kind or ("no login" if "authorization" not in fields else "wrong"))
            if kind:
                head.append("Content-Type: application/sdp")
                body = SDP
            else:
                head[0] = "RTSP/1.0 401 Unauthorized"
                head += [f"WWW-Authenticate: {offer}" for offer in self.server.offers]
        elif method != "OPTIONS":
            head[0] = "RTSP/1.0 404 Not Found"  # the login is what this is about
        head.append(f"Content-Length: {len(body)}")
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + body)


for name, offers in OFFERS.items():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads, server.offers, server.seen = True, offers, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"rtsp://operator:secret@127.0.0.1:{server.server_address[1]}/live"
        try:
            av.open(url, options={"rtsp_transport": "tcp"}, timeout=5).close()
        except av.HTTPUnauthorizedError:
            outcome = "401 Unauthorized"
        except av.error.FFmpegError:
            outcome = "logged in"
        print(f"{name}: {outcome}; DESCRIBE with {', then '.join(server.seen)}")
        server.shutdown()
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt" 2> "$T/errors.txt" || cat "$T/errors.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "FFmpeg behaves differently now"; exit 1; }
MD5: logged in; DESCRIBE with no login, then md5
SHA-256, MD5: logged in; DESCRIBE with no login, then md5
MD5, SHA-256: 401 Unauthorized; DESCRIBE with no login, then no login
Basic, MD5: logged in; DESCRIBE with no login, then md5
Basic, SHA-256: 401 Unauthorized; DESCRIBE with no login, then no login
SHA-256, Basic: 401 Unauthorized; DESCRIBE with no login, then no login
Basic, MD5 (one field): logged in; DESCRIBE with no login, then basic
EOF
cat "$T/seen.txt"
