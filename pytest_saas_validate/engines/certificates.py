"""A certificate for loopback names, by an authority of its own, for the TLS front of a stack."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.process import Cache, Workspace
from pytest_saas_validate.tools.wheels import folder_of


def available() -> bool:
    """Whether the maker of certificates is installed."""
    return bool(folder_of("trustme"))


def made(workspace: Workspace) -> Path:
    """A folder with ca.pem (to be trusted by a client), chain.pem and key.pem; made once in a cache."""
    return Cache(workspace, "certificates").get("localhost", _make)


def _make(folder: Path) -> None:
    import trustme

    ca = trustme.CA(organization_name="pytest-saas-validate")  # its key is forgotten at once
    certificate = ca.issue_cert("localhost", "127.0.0.1", "::1")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    key = folder / "key.pem"
    key.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(str(key))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(folder / "chain.pem"), append=True)
