"""What cannot be run here is checked by its own linter or schema."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from kolben.serving.settings import OPTIONS

from .programs import DEPLOY, ROOT

yaml = pytest.importorskip("yaml", reason="`make deploy-test` installs it")
BIN = pathlib.Path(sys.prefix) / "bin"
BASE = DEPLOY / "kubernetes" / "base"


def run(*command: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **options
    )


def read(path: pathlib.Path):
    import yaml  # it is here for these tests alone, which `make test` collects and leaves out

    return yaml.safe_load(path.read_text())


def test_the_dockerfile_is_clean():
    done = run(BIN / "hadolint", DEPLOY / "docker" / "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_hadolint_would_find_something(tmp_path):
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:latest\nRUN cd / && apt-get install gcc\n")
    assert "DL3007" in run(BIN / "hadolint", path).stdout


def test_the_dockerfile_copies_what_is_there():
    text = (DEPLOY / "docker" / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    sources = [source for copy in copies for source in copy.split()[:-1]]
    assert len(sources) >= 6
    for source in sources:
        assert (ROOT / source).exists(), source


def test_the_compose_file_refers_to_what_is_there():
    path = DEPLOY / "docker" / "compose.yaml"
    compose = read(path)
    services = compose["services"]
    for service in services.values():
        assert ("image" in service) or ("build" in service)
        for name in service.get("depends_on", {}):
            assert name in services
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in compose["volumes"]
        build = service.get("build")
        if build:
            context = (path.parent / build["context"]).resolve()
            assert context == ROOT
            assert (context / build["dockerfile"]).is_file()


def manifests() -> list[pathlib.Path]:
    kustomization = read(BASE / "kustomization.yaml")
    return [BASE / name for name in kustomization["resources"]]


def test_the_manifests_fit_the_schemas_of_kubernetes():
    done = run(BIN / "kubernetes-validate", "--strict", "-k", "1.30", *manifests())
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed ") == 4


def test_the_schemas_would_find_something(tmp_path):
    path = tmp_path / "deployment.yaml"
    path.write_text((BASE / "deployment.yaml").read_text().replace("httpGet", "httpGett"))
    assert run(BIN / "kubernetes-validate", "--strict", "-k", "1.30", path).returncode != 0


def test_the_manifests_fit_each_other():
    files = {path.name for path in BASE.iterdir()} - {"kustomization.yaml"}
    assert files == {path.name for path in manifests()}
    found = {path.stem: read(path) for path in manifests()}
    pod = found["deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert found["deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["service"]["spec"]["selector"] == labels
    assert found["pdb"]["spec"]["selector"]["matchLabels"] == labels
    assert found["hpa"]["spec"]["scaleTargetRef"]["name"] == found["deployment"]["metadata"]["name"]
    container = pod["spec"]["containers"][0]
    ports = {port["name"] for port in container["ports"]}
    assert found["service"]["spec"]["ports"][0]["targetPort"] in ports
    sleep = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = next(option.default for option in OPTIONS if option.name == "drain_timeout")
    assert sleep + drain < pod["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("folder", ["docker", "kubernetes/base", "systemd"])
def test_the_settings_that_are_named_exist(folder):
    known = {option.variable for option in OPTIONS}
    named = set()
    for path in (DEPLOY / folder).iterdir():
        named |= set(re.findall(r"KOLBEN_SERVE_[A-Z_]+", path.read_text()))
    named.discard("KOLBEN_SERVE_")
    assert named
    assert named <= known


@pytest.fixture
def units(tmp_path):
    """The units, with the program of this environment in place of one that is not there."""
    program = BIN / "kolben"
    for name in ("kolben.service", "kolben.socket"):
        text = (DEPLOY / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/srv/app/venv/bin/kolben", str(program)))
    return tmp_path


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not on this machine"
)


@needs_systemd
def test_the_units_are_sound(units):
    done = run("systemd-analyze", "verify", units / "kolben.service", units / "kolben.socket")
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_sandbox_is_tight(units):
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager"]
    done = run(*command, units / "kolben.service")
    assert done.returncode == 0, done.stdout[-500:]


def test_each_folder_has_a_readme_of_one_screen():
    for folder in DEPLOY.iterdir():
        if folder.is_dir():
            lines = (folder / "README.md").read_text().splitlines()
            assert len(lines) <= 50, folder
