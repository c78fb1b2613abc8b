"""A Python tool's virtual environment, made with the real uv and without a network."""

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders, packages


def proceed() -> None:
    """Nothing speaks against going on."""


@pytest.fixture
def deployment(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A tool with its files in place, on a machine that has an SDK wheel and no index."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setenv("UV_OFFLINE", "1")
    write_wheel(tmp_path / "wheels")
    deployment = Deployment()
    folders.make(deployment)
    folders.code(deployment).mkdir()
    return deployment


def write_wheel(folder: Path) -> None:
    """The smallest package called vendo."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "vendo-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("vendo.py", "origin = 'ours'\n")
        about = "Metadata-Version: 2.1\nName: vendo\nVersion: 0.1.0\nProvides-Extra: http\n"
        wheel.writestr("vendo-0.1.0.dist-info/METADATA", about + "Requires-Dist: not-here; extra == 'http'\n")
        wheel.writestr("vendo-0.1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("vendo-0.1.0.dist-info/RECORD", "")


def require(deployment: Deployment, text: str) -> None:
    (folders.code(deployment) / "requirements.txt").write_text(text)


def says(deployment: Deployment, code: str) -> str:
    python = folders.venv(deployment) / "bin" / "python"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("requirement", ["vendo", "vendo>=99", "vendo==0.0.1"])
def test_a_tool_gets_our_sdk_whatever_an_index_may_have(deployment: Deployment, requirement: str) -> None:
    require(deployment, requirement)
    assert packages.install(deployment, proceed) == "Installed requirements.txt."
    assert says(deployment, "import vendo; print(vendo.origin)") == "ours"


@pytest.mark.parametrize("requirement", ["vendo[http]", "vendo [http]>=99  # sessions"])
def test_an_extra_of_our_sdk_is_not_forgotten(deployment: Deployment, requirement: str) -> None:
    require(deployment, requirement)
    with pytest.raises(RuntimeFailed) as caught:
        packages.install(deployment, proceed)
    assert "not-here" in caught.value.output


def test_an_environment_is_made_once_and_anew_when_the_requirements_change(deployment: Deployment) -> None:
    assert packages.install(deployment, proceed) == "Made an environment; there is no requirements.txt."
    first = folders.venv(deployment).resolve()
    assert packages.install(deployment, proceed) == "Packages were in place already."
    require(deployment, "vendo")
    packages.install(deployment, proceed)
    assert folders.venv(deployment).resolve() != first
    assert not first.exists()


def test_a_failure_keeps_the_old_environment(deployment: Deployment) -> None:
    packages.install(deployment, proceed)
    first = folders.venv(deployment).resolve()
    require(deployment, "./missing")
    with pytest.raises(RuntimeFailed) as caught:
        packages.install(deployment, proceed)
    assert caught.value.message == "Installing requirements.txt failed."
    assert "missing" in caught.value.output
    assert folders.venv(deployment).resolve() == first
    assert list(first.parent.iterdir()) == [first]


def test_an_installer_that_takes_too_long_is_ended(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PATIENCE", 0.0)
    with pytest.raises(RuntimeFailed, match="It took longer than"):
        packages.install(deployment, proceed)


def test_a_worker_that_must_stop_ends_the_installer(deployment: Deployment) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        packages.install(deployment, stop)
    assert list((folders.release(deployment) / "venvs").iterdir()) == []


def test_the_installer_sees_nothing_of_our_keys() -> None:
    for name in ("VENDO_VAULT_KEYS", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PYTHONPATH"):
        assert not packages.PASSED.fullmatch(name)
    for name in ("PATH", "HOME", "UV_DEFAULT_INDEX", "https_proxy", "SSL_CERT_FILE"):
        assert packages.PASSED.fullmatch(name)


def test_a_login_in_an_address_is_not_shown() -> None:
    assert packages.LOGIN.sub("", "at https://user:word@index.example/simple") == "at https://index.example/simple"
