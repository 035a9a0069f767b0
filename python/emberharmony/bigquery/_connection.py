"""How BigQuery is reached, and who pays."""

import os
from dataclasses import dataclass
from pathlib import Path

from emberharmony.bigquery import _arguments
from emberharmony.bigquery._core import core


@dataclass(frozen=True)
class Connection:
    """How BigQuery is reached, and who pays.

    Everything may be left out; then it is what the environment says, then the default.

    Attributes:
        project_id: The project that sessions and queries belong to, and that pays. Default: of a
            table its own; of a query $GOOGLE_CLOUD_PROJECT.
        location: Where queries run ("US", "europe-west4"). Default: where their tables are.
        storage_endpoint: HOST:PORT of the Storage Read API. A loopback host is spoken to in plain
            text and without credentials. Default: $GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT, then
            Google's.
        rest_endpoint: URL of the REST API. Default: $BIGQUERY_EMULATOR_HOST, then Google's.
        quota_project: Whose quota is used. Default: $GOOGLE_CLOUD_CPP_USER_PROJECT, then that of
            the credentials.
        universe_domain: Default: $GOOGLE_CLOUD_UNIVERSE_DOMAIN, then that of the credentials.
    """

    project_id: str | None = None
    location: str | None = None
    storage_endpoint: str | None = None
    rest_endpoint: str | None = None
    quota_project: str | None = None
    universe_domain: str | None = None

    def _settings(self) -> dict[str, str]:
        settings = {
            "billing_project": ("project_id", self.project_id),
            "storage_endpoint": ("storage_endpoint", self.storage_endpoint),
            "rest_endpoint": ("rest_endpoint", self.rest_endpoint),
            "quota_project": ("quota_project", self.quota_project),
            "universe_domain": ("universe_domain", self.universe_domain),
        }
        return {
            name: _arguments.optional_text(value, argument)
            for name, (argument, value) in settings.items()
        }


def setup_bigquery_connection(
    credentials_path: str | os.PathLike[str] | None = None,
    *,
    project_id: str | None = None,
    location: str | None = None,
    storage_endpoint: str | None = None,
    rest_endpoint: str | None = None,
    quota_project: str | None = None,
    universe_domain: str | None = None,
) -> Connection:
    """A connection to hand to the functions of this module.

    Nothing is sent yet; credentials are looked for when they are needed: the file that
    $GOOGLE_APPLICATION_CREDENTIALS names, what `gcloud auth application-default login` has left,
    the machine's own service account.

    Args:
        credentials_path: The key file of a service account, or a file of gcloud's. It becomes
            $GOOGLE_APPLICATION_CREDENTIALS of this process.
        project_id: The project that pays. None: of a table its own; of a query
            $GOOGLE_CLOUD_PROJECT.
        location: Where queries run ("US", "europe-west4"). None: where their tables are.
        storage_endpoint: HOST:PORT of the Storage Read API, from which rows come, e.g.
            "localhost:9060" of `ember serve-bigquery --port 9060`. A server of this machine is
            spoken to in plain text and without credentials. None:
            $GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT, then Google's.
        rest_endpoint: URL of the REST API, which runs queries and describes tables, e.g.
            "http://localhost:9050". None: $BIGQUERY_EMULATOR_HOST, then Google's, unless a
            storage_endpoint is named.
        quota_project: Whose quota is used. None: $GOOGLE_CLOUD_CPP_USER_PROJECT, then that of the
            credentials.
        universe_domain: Other than googleapis.com. None: $GOOGLE_CLOUD_UNIVERSE_DOMAIN, then that
            of the credentials.

    Returns:
        The connection.

    Raises:
        FileNotFoundError: There is no file at credentials_path.
        TypeError: Something that should be a str is not.
        OSError: The plugin with the BigQuery client is not installed.

    Examples:
        ```python
        local = bigquery.setup_bigquery_connection(storage_endpoint="localhost:9060")
        paid = bigquery.setup_bigquery_connection("key.json", project_id="my-project")
        ```
    """
    core.describe_plugin()
    if credentials_path is not None:
        path = Path(credentials_path)
        if not path.is_file():
            raise FileNotFoundError(f"expected a file with credentials, found none: {path}")
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(path.resolve())
    connection = Connection(
        project_id=project_id,
        location=location,
        storage_endpoint=storage_endpoint,
        rest_endpoint=rest_endpoint,
        quota_project=quota_project,
        universe_domain=universe_domain,
    )
    connection._settings()
    return connection
