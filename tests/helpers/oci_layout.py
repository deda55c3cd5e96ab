"""Reads an OCI image layout by the package opencontainers, for the Python of .venv-peers: ``oci_layout.py
FOLDER``.

Ends with 1 and its words where index, manifest or configuration is not what the image specification says.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    from opencontainers.image.v1 import Image, Index, Manifest  # type: ignore[import-not-found]

    layout = Path(sys.argv[1])
    index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
    manifest = described(layout, index["manifests"][0])
    config = described(layout, manifest["config"])
    for kind, value in ((Index, index), (Manifest, manifest), (Image, config)):
        read = kind()
        read.load(value)
        if not read.validate():
            sys.exit(f"{kind.__name__} is not valid")
    print(len(manifest["layers"]), "layers")


def described(layout: Path, descriptor: dict) -> dict:
    """The JSON blob of a descriptor."""
    name = descriptor["digest"].replace(":", "/")
    return json.loads((layout / "blobs" / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
