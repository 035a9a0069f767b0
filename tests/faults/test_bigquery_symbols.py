"""The BigQuery plugin's gRPC and OpenSSL stay apart from the OpenSSL that libparquet exports."""

import os
import re
import subprocess

BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: \w+ symbol `([^']+)'")
PLUGIN = "libemberharmony_bigquery.so"
OWN = re.compile(r"^(SSL|TLS|EVP|X509|BIO|CRYPTO|OPENSSL|RSA|EC|ASN1|ERR|PEM|HMAC|SHA)_|grpc|ares_")


def test_the_plugin_binds_to_itself(ember, tmp_path):
    # Nobody listens there; by then the plugin is loaded, and all of its references are bound.
    subprocess.run(
        [str(ember), "inspect", "bigquery://p/d/t", "--bigquery-endpoint", "example.invalid:443"],
        env={
            **os.environ,
            "LD_DEBUG": "bindings",
            "LD_DEBUG_OUTPUT": str(tmp_path / "bindings"),
            "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json"),
        },
        capture_output=True,
        timeout=120,
        check=False,
    )
    text = "".join(path.read_text(errors="replace") for path in tmp_path.glob("bindings*"))
    bindings = BINDING.findall(text)
    of_plugin = [entry for entry in bindings if entry[0].endswith(PLUGIN)]
    assert of_plugin, "the plugin was not loaded"
    assert not [entry for entry in of_plugin if "libparquet" in entry[1]]
    assert not [e for e in of_plugin if OWN.search(e[2]) and not e[1].endswith(PLUGIN)]
    assert not [e for e in bindings if e[1].endswith(PLUGIN) and not e[0].endswith(PLUGIN)]
