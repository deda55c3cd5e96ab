"""`notify`, `routes`, `heartbeat`: every mistake is named with its line and remedy, and what nobody
hears is warned of.
"""

from __future__ import annotations

import pytest

from healthmon.config import loading, units
from healthmon.config.problems import ConfigError

HEAD = """\
credentials: {key: {secret: {environment: X}}}
sites: [{id: town}]
contractors: [{id: acme, name: Acme, email: acme@example.com}]
cameras: [{id: C1, name: Camera 1, site: town, address: 192.0.2.1, kind: fixed, contractor: acme}]
"""
HOOK = "notify: {hook: {webhook: {url: 'https://desk.example.com/x', credential: key}}}\n"


def problems(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        loading.load(path)
    return [f"{p.line}: {p.where}: {p.text}" for p in caught.value.problems]


def warnings(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + text)
    return [warning.removeprefix(f"{path}:") for warning in loading.load(path).warnings]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "notify: {hook: {webhok: {url: 'https://a.example.com/'}}}\n",
            "5: target hook: unknown key 'webhok' (did you mean 'webhook'?)",
        ),
        (
            "notify: {hook: {timeout: 5 s}}\n",
            "5: target hook: needs exactly one of 'alertmanager', 'webhook'",
        ),
        (
            "notify: {hook: {webhook: {url: 'https://a.example.com/', credential: kay}}}\n",
            "5: target hook: credential 'kay' is not in the configuration (did you mean 'key'?)",
        ),
        (
            "notify: {hook: {webhook: {url: 'ftp://a.example.com/'}}}\n",
            "5: target hook: 'url': is not a web address",
        ),
        (
            "notify: {hook: {webhook: {url: 'https://u:hush@a.example.com/'}}}\n",
            "do not belong in an address",
        ),
        (
            "notify: {hook: {webhook: {url: 'https://a.example.com/', secret: x}}}\n",
            "unknown key 'secret'",
        ),
        (
            "notify: {m: {email: {server: mail.example.com, sender: a@example.com}}}\n",
            "has no receiver",
        ),
        (
            "notify: {m: {email: {server: m.example.com, sender: 'A <a@b.c>', to: a@b.c}}}\n",
            "'sender': is not an e-mail",
        ),
        (
            "notify: {m: {email: {server: m.example.com, sender: a@b.c, to: a@b.c, encryption: none, credential: key}}}\n",
            "a login is never sent unencrypted",
        ),
        (
            "notify: {m: {email: {server: m.example.com, sender: a@b.c, to: a@b.c, credential: key}}}\n",
            "5: target m: credential 'key' has no 'username' to log in with",
        ),
        (
            "notify: {l: {syslog: {server: l.example.com, transport: dup}}}\n",
            "is not one of udp, tcp or tls",
        ),
        (
            HOOK + "routes: [{to: hok}]\n",
            "6: route number 1: target 'hok' is not in the configuration (did you mean 'hook'?)",
        ),
        (
            HOOK + "routes: [{to: hook, sites: twon}]\n",
            "site 'twon' is not in the configuration (did you mean 'town'?)",
        ),
        (
            HOOK + "routes: [{to: hook, contractors: acne}]\n",
            "contractor 'acne' is not in the configuration (did you mean",
        ),
        (HOOK + "routes: [{to: hook, kinds: camra}]\n", "(did you mean 'camera'?)"),
        (
            HOOK + "routes: [{to: hook, priorities: [P5]}]\n",
            "'P5' is not a priority; write P1, P2, P3 or P4",
        ),
        (
            HOOK + "routes: [{to: hook, hours: 8-18}]\n",
            "'8-18' are not hours of the day; write for example 22:00-06:00",
        ),
        (HOOK + "routes: [{to: hook, weekdays: monday}]\n", "(did you mean 'mon'?)"),
        (
            HOOK + "routes: [{to: hook, digest: 7}]\n",
            "'7' is not a time of day; write for example 07:00",
        ),
        (
            HOOK + "routes: [{to: hook, digest: '07:00', repeat_after: 4 h}]\n",
            "a route with 'digest' repeats nothing",
        ),
        (HOOK + "routes: [{to: hook, repeat_after: 4}]\n", "has no unit"),
        (HOOK + "routes: [{sites: town}]\n", "'to' is missing"),
        (
            "notify: {a: {alertmanager: {url: 'http://127.0.0.1:9093'}}}\nroutes: [{to: a, digest: '07:00'}]\n",
            "Alertmanager",
        ),
        (
            "heartbeat: {interval: 60 s}\n",
            "5: heartbeat: needs exactly one of 'url' and 'credential'",
        ),
        ("heartbeat: {credential: nope}\n", "credential 'nope' is not in the configuration"),
    ],
)
def test_o1_every_mistake_is_named_with_its_line_and_remedy(tmp_path, text, wanted) -> None:
    found = problems(tmp_path, text)
    assert any(wanted in line for line in found), found
    assert "hush" not in "\n".join(found)


def test_a_good_configuration_has_no_warnings(tmp_path) -> None:
    assert warnings(tmp_path, HOOK + "routes: [{to: hook}]\n") == []
    split = "routes: [{to: hook, severities: fault}, {to: hook, severities: [warning, unknown]}]\n"
    assert warnings(tmp_path, HOOK + split) == []
    assert warnings(tmp_path, "") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HOOK, "5: target 'hook' is used by no route; nothing is sent there"),
        (
            HOOK + "routes: [{to: hook, hours: '08:00-18:00'}]\n",
            "6: no route takes every fault at every hour of C1 (P3)",
        ),
        (HOOK + "routes: [{to: hook, severities: fault}]\n", "no route takes every fault"),
        (HOOK + "routes: [{to: hook, kinds: ups}]\n", "no route takes every fault"),
        (
            HOOK.replace("https", "http") + "routes: [{to: hook}]\n",
            "5: target 'hook': faults are sent unencrypted",
        ),
    ],
)
def test_what_is_allowed_and_worth_saying(tmp_path, text, wanted) -> None:
    assert any(line.startswith(wanted) or wanted in line for line in warnings(tmp_path, text))


@pytest.mark.parametrize("detail", ["device", "number"])
def test_a_contractor_whose_address_the_detail_leaves_out_is_warned_of(tmp_path, detail) -> None:
    mail = """notify:
  desk: {detail: number, email: {server: m.example.com, sender: a@b.c, to: [d@b.c]}}
  firm:
    email: {server: m.example.com, sender: a@b.c, to_contractor: yes}
    detail: DETAIL
routes: [{to: [desk, firm]}]
"""
    line = HEAD.count("\n") + 5
    assert warnings(tmp_path, mail.replace("DETAIL", detail)) == [
        (
            f"{line}: target 'firm': with 'detail: {detail}' a notice "
            "holds no address of the contractor, so 'to_contractor' sends nothing to them; "
            "write 'detail: full' or remove 'to_contractor'"
        )
    ]
    assert warnings(tmp_path, mail.replace("DETAIL", "full")) == []


def test_a_contractor_without_address_is_warned_of(tmp_path) -> None:
    mail = "notify: {m: {email: {server: m.example.com, sender: a@b.c, to_contractor: yes}}}\nroutes: [{to: m}]\n"
    assert warnings(tmp_path, mail) == []
    path = tmp_path / "config.yaml"
    path.write_text((HEAD + mail).replace(", email: acme@example.com", ""))
    assert "cannot reach contractor 'acme', who has no 'email'" in loading.load(path).warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "http://",
        "http:///x",
        "https://a b/",
        "https://a.example.com/#x",
        "https://a:0/",
        "https://a:x/",
        "http://[::1/",
        "https://a.example.com/\r\nX: y",
        "javascript:alert(1)",
        "https://user@a.example.com/",
    ],
)
def test_what_is_no_web_address(text) -> None:
    with pytest.raises(ValueError):
        units.url(text)


@pytest.mark.parametrize(
    "text",
    ["a@b.c\r\nBcc: x@y.z", "a b@c.d", "<a@b.c>", "a@", "@b.c", "a@b..c", "a,b@c.d", "a@b c"],
)
def test_what_is_no_mail_address(text) -> None:
    with pytest.raises(ValueError):
        units.mail(text)
