"""Tokens of service accounts, judged by another implementation."""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_self_signed_tokens_verify(root: Path, tmp_path: Path, form: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            getattr(serialization.PrivateFormat, form),
            serialization.NoEncryption(),
        )
    )
    command = root / "build" / "bin" / "bigquery_test"
    subprocess.run(
        [command, "--gtest_filter=SelfSignedJwt.ForOutsideJudges"],
        env={
            **os.environ,
            "EMBER_TEST_JWT_KEY": str(tmp_path / "key.pem"),
            "EMBER_TEST_JWT_OUT": str(tmp_path / "token"),
        },
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )
    header, claims, signature = (tmp_path / "token").read_text().split(".")
    key.public_key().verify(
        decoded(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert json.loads(decoded(header)) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    email = "robot@proj.iam.gserviceaccount.com"
    assert json.loads(decoded(claims)) == {
        "iss": email,
        "sub": email,
        "scope": "a-scope",
        "iat": 1700000000,
        "exp": 1700003600,
    }
