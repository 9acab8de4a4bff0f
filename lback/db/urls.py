"""The URL of a database, for a person: its password is learned and never shown."""

from __future__ import annotations

from sqlalchemy.engine import URL

from lback.secrets import KNOWN

OURS = {"lback_own": True}
"""The options of an engine of lback's own, whose connections go where it says."""


def learn_url(url: URL) -> None:
    """Remember the password of an engine's URL as something never to print."""
    KNOWN.learn_url(url.render_as_string(hide_password=False))
    if isinstance(url.password, str):
        # SQLAlchemy ends a password at its first @, and takes what follows for the host.
        host = (url.host or "").rpartition("@")[2]
        KNOWN.learn(url.password, url.username, host, url.database)
    KNOWN.learn_values(url.query)


def shown_url(url: URL) -> str:
    """Return a URL for a person: the password masked, wherever in it it stands."""
    learn_url(url)
    return KNOWN.redact(url.render_as_string(hide_password=True))
