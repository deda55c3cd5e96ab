"""The container image: by the OCI image specification, and run by runc as compose.yaml has it run."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.built_packages import built
from helpers.support import IN_CI, need

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".venv-peers/bin/python"
SERVICE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["healthmon"]
USER = 10001
ESTATE = """\
estate: {name: Example, time_zone: Europe/London}
time_servers: [{address: 127.0.0.1}]
sites: [{id: s, name: S}]
credentials: {d: {username: h, secret: {file: word}}}
cameras: [{id: C1, name: Gate, site: s, address: 127.0.0.1, kind: fixed, credential: d}]
"""
# Everything of the image that brings a shared library, and the authorities that sign certificates.
LIBRARIES = """
import apprise, av, cryptography, holidays, lxml.etree, numpy, psycopg, pyrage, pysnmp, sqlite3, ssl, typst, uvloop, zoneinfo
zoneinfo.ZoneInfo("Europe/London")
print(len(ssl.create_default_context().get_ca_certs()))
"""
WHO = """
import os
print(os.getuid(), os.getgid(), os.getgroups(), bool(os.statvfs("/").f_flag & os.ST_RDONLY))
print(open("/proc/self/status").read())
"""
pytestmark = [pytest.mark.peer, pytest.mark.long(40)]


class Image:
    """An OCI image layout that `make image` has packed, unpacked."""

    def __init__(self, archive: Path, layout: Path) -> None:
        self.archive, self.layout = archive, layout
        subprocess.run(["tar", "-xf", archive, "-C", layout], check=True, timeout=120)
        (self.described,) = self.json("index.json")["manifests"]
        self.manifest = self.json(self.blob(self.described))
        self.config = self.json(self.blob(self.manifest["config"]))
        self.name = self.described["annotations"]["org.opencontainers.image.ref.name"]

    def json(self, path: str) -> dict:
        return json.loads((self.layout / path).read_text())

    def blob(self, described: dict) -> str:
        return "blobs/" + described["digest"].replace(":", "/")

    def layers(self) -> list[Path]:
        return [self.layout / self.blob(layer) for layer in self.manifest["layers"]]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(built("healthmon_*.oci.tar"), tmp_path_factory.mktemp("layout"))


def read_by_another(layout: Path) -> subprocess.CompletedProcess[str]:
    """What a reader of images that nobody here wrote says of a layout."""
    need(str(PEER))
    argv = [str(PEER), str(ROOT / "tests/helpers/oci_layout.py"), str(layout)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_it_is_what_the_specification_says(image, tmp_path):
    assert image.json("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    read = read_by_another(image.layout)
    assert (read.returncode, read.stdout) == (0, "2 layers\n"), read.stderr
    broken = tmp_path / "layout"
    shutil.copytree(image.layout, broken, copy_function=os.link)
    (broken / "index.json").unlink()
    index = image.json("index.json")
    index["manifests"][0]["size"] = "many"
    (broken / "index.json").write_text(json.dumps(index))
    assert read_by_another(broken).returncode == 1


def test_each_digest_and_size_is_right_and_nothing_else_is_in_it(image):
    blobs = [image.described, image.manifest["config"], *image.manifest["layers"]]
    for described in blobs:
        content = (image.layout / image.blob(described)).read_bytes()
        assert len(content) == described["size"]
        assert described["digest"] == "sha256:" + hashlib.sha256(content).hexdigest()
    found = {
        str(path.relative_to(image.layout)) for path in image.layout.rglob("*") if path.is_file()
    }
    assert found == {image.blob(described) for described in blobs} | {
        "index.json",
        "oci-layout",
        "manifest.json",
    }
    unpacked = []
    for layer in image.layers():
        with gzip.open(layer) as content:
            unpacked.append("sha256:" + hashlib.file_digest(content, "sha256").hexdigest())
    assert unpacked == image.config["rootfs"]["diff_ids"]


def test_docker_finds_the_same_image_in_it(image):
    (listed,) = image.json("manifest.json")
    assert listed == {
        "Config": image.blob(image.manifest["config"]),
        "RepoTags": [SERVICE["image"]],
        "Layers": [image.blob(layer) for layer in image.manifest["layers"]],
    }
    assert image.name == SERVICE["image"]


def test_its_files_are_nobodys_but_the_records_and_name_no_builder(image):
    """Nor is there a shell, a device, a program with another's rights or a removed file."""
    seen: dict[str, tarfile.TarInfo] = {}
    newest = (
        time.mktime(time.strptime(image.config["created"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    )
    for layer in image.layers():
        with tarfile.open(layer, "r|gz") as files:
            for file in files:
                assert file.isfile() or file.isdir() or file.issym() or file.islnk(), file.name
                assert not (file.isfile() and file.mode & 0o6022), file.name
                assert not Path(file.name).name.startswith(".wh."), file.name
                assert file.mtime <= newest, file.name
                seen[file.name.removeprefix("./").rstrip("/")] = file
    record = seen["var/lib/healthmon"]
    assert (record.uid, record.gid, record.mode) == (USER, USER, 0o750)
    assert [name for name, file in seen.items() if file.uid != 0 and file is not record] == []
    left = {"bin/sh", "usr/bin/sh", "bin/bash", "etc/hostname", "etc/resolv.conf", "etc/fstab"}
    assert left & set(seen) == set()
    assert not [name for name in seen if name.startswith(("dev/", "var/cache/apt", "etc/apt"))]
    # Else each of a thousand files would be compiled at each start.
    assert any("/asyncio/__pycache__/" in name for name in seen)


class Container:
    """A container of an image, run by runc as compose.yaml has it run; in a network of its own."""

    def __init__(self, image: Image, rootfs: Path, folder: Path) -> None:
        self.image, self.rootfs, self.folder = image, rootfs, folder
        self.name = f"healthmon-test-{os.getpid()}-{folder.name}"
        self.etc, self.record = folder / "etc", folder / "record"
        self.etc.mkdir()
        self.record.mkdir()
        (self.etc / "config.yaml").write_text(ESTATE)
        (self.etc / "word").write_text("x")
        (self.etc / "word").chmod(0o600)
        os.chown(self.etc / "word", USER, USER)
        os.chown(self.record, USER, USER)

    def argv(self, *words: str) -> list[str]:
        return ["runc", "--root", str(self.folder / "runc"), *words]

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The image's entrypoint with a command of its own, or with `command`."""
        config = self.folder / "config.json"
        config.unlink(missing_ok=True)
        layout = f"{self.image.layout}:{self.image.name}"
        argv = [
            "umoci",
            "raw",
            "runtime-config",
            "--image",
            layout,
            "--rootfs",
            self.rootfs,
            config,
        ]
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
        tree = json.loads(config.read_text())
        closed(tree, self)
        if command:
            tree["process"]["args"][1:] = command
        config.write_text(json.dumps(tree))
        return subprocess.Popen(
            self.argv("run", "--bundle", str(self.folder), self.name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str) -> str:
        """What `healthmon COMMAND` prints; it must end well."""
        process = self.start(*command)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return said

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command in the running container."""
        return subprocess.run(
            self.argv("exec", self.name, *command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )


def closed(tree: dict, container: Container) -> None:
    """What compose.yaml sets beyond the image: read-only root, no capability, the two volumes, /tmp."""
    assert SERVICE["volumes"] == [
        "${HEALTHMON_ETC:-/etc/healthmon}:/etc/healthmon:ro",
        "healthmon:/var/lib/healthmon",
    ]
    volumes = {
        "/etc/healthmon": (container.etc, "ro"),
        "/var/lib/healthmon": (container.record, "rw"),
    }
    assert set(volumes) == set(container.image.config["config"]["Volumes"])
    tree["root"] = {"path": str(container.rootfs), "readonly": True}
    tree["process"] |= {"terminal": False, "capabilities": {}, "noNewPrivileges": True}
    tree["mounts"] = [
        mount
        for mount in tree["mounts"]
        if mount["destination"] not in {*volumes, "/sys/fs/cgroup", "/tmp"}
    ]
    for place, (source, mode) in volumes.items():
        bind = {"type": "bind", "source": str(source), "options": ["bind", mode, "nosuid"]}
        tree["mounts"].append({"destination": place, **bind})
    tmpfs = {"type": "tmpfs", "source": "tmpfs", "options": ["size=16m", "mode=1777", "nosuid"]}
    tree["mounts"].append({"destination": "/tmp", **tmpfs})


@pytest.fixture(scope="module")
def rootfs(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("umoci", "runc")
    if os.geteuid() != 0:
        if IN_CI:
            pytest.fail("a container needs root")
        pytest.skip("a container needs root")
    root = tmp_path_factory.mktemp("rootfs")
    root.chmod(0o755)
    for layer in image.layers():
        subprocess.run(
            ["tar", "-xzpf", layer, "-C", root, "--numeric-owner"], check=True, timeout=300
        )
    return root


@pytest.fixture
def container(image: Image, rootfs: Path, tmp_path: Path) -> Iterator[Container]:
    container = Container(image, rootfs, tmp_path)
    yield container
    argv = container.argv("delete", "--force", container.name)
    subprocess.run(argv, check=False, capture_output=True, timeout=60)


def test_the_agent_runs_is_healthy_and_stops_in_order(container):
    """As nobody, from a root that nobody can write to, by the healthcheck of compose.yaml."""
    agent = container.start()
    try:
        word, *check = SERVICE["healthcheck"]["test"]
        assert word == "CMD"
        until = time.monotonic() + 60
        while (found := container.inside(*check)).returncode:
            assert agent.poll() is None, agent.communicate()[0]
            assert time.monotonic() < until, found.stdout
        (first, *status) = container.inside("python", "-c", WHO).stdout.splitlines()
        assert first == f"{USER} {USER} [] True"
        assert {"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"} <= set(
            status
        )
        assert container.inside("healthmon", "faults", "--open").returncode == 0
        assert int(container.inside("python", "-c", LIBRARIES).stdout) > 100
    finally:
        subprocess.run(
            container.argv("kill", container.name, container.image.config["config"]["StopSignal"]),
            check=False,
            timeout=30,
        )
        said, _ = agent.communicate(timeout=float(SERVICE["stop_grace_period"].rstrip("s")))
    assert agent.returncode == 0, said
    assert "Traceback" not in said
    store = (container.record / "healthmon.db").stat()
    assert (store.st_uid, store.st_mode & 0o777) == (USER, 0o640)


def test_scanners_find_its_packages(image, rootfs):
    """By dpkg's list, and a file that is called "manifest.json", not "./manifest.json"."""
    argv = [
        "dpkg-query",
        "--admindir",
        rootfs / "var/lib/dpkg",
        "-W",
        "-f",
        "${Package} ${db:Status-Status}\n",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    packages = dict(line.split() for line in done.stdout.splitlines())
    assert set(packages.values()) == {"installed"}
    assert {"base-files", "healthmon", "libc6", "libssl3", "python3", "tzdata"} <= set(packages)
    with tarfile.open(image.archive) as files:
        assert {"index.json", "manifest.json", "oci-layout"} < set(files.getnames())


def test_its_commands_work(container):
    assert re.fullmatch(r"healthmon \d+\.\d+\.\d+\n", container.run("--version"))
    assert "well formed: 1 camera" in container.run("check-config")
