"""Over https the certificate must be that of the name in the URL, though the connection goes to an address."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lapinq.webhooks.message import Signer
from lapinq.webhooks.sending import NotDelivered, Sender
from taskcore.ids import TaskId

from .conftest import Receiver

pytestmark = pytest.mark.anyio

UNSIGNED = Signer(())
ID = TaskId("01930000-0000-7000-8000-000000000000")


def certificate_in(folder: Path, name: str) -> Path:
    """A file with a certificate for a name, signed by itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "receiver.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


async def test_a_certificate_is_that_of_the_name_and_not_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate_in(tmp_path, "receiver.test")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async def look_up(*_: object, **__: object) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr("lapinq.webhooks.sending.resolve", look_up)
    receiver, sender = Receiver(), Sender(allow_private=True)
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert 204 == (await sender.send(ID, f"https://receiver.test:{port}/", b"{}", UNSIGNED)).status_code
        with pytest.raises(NotDelivered, match="certificate verify failed"):
            await sender.send(ID, f"https://other.test:{port}/", b"{}", UNSIGNED)

    assert 1 == len(receiver.requests)
