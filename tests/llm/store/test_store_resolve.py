"""What goes into a pickle of a store parameter."""

from __future__ import annotations

from pathlib import Path

import pytest

from skellagnn.llm.store import ResponseStore, without_password


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql+psycopg://u:s3cr3t@h:1/db", "postgresql+psycopg://u@h:1/db"),
        ("postgresql://h/db?user=u&password=s3cr3t&sslpassword=s3cr3t", "postgresql://h/db?user=u"),
        ("postgresql://u:s3cr3t@h/db?sslmode=require&Password=s3cr3t", "postgresql://u@h/db?sslmode=require"),
        ("postgresql://u@h/db?password=s3cr3t&password=s3cr3t", "postgresql://u@h/db"),
        ("postgresql://u:s3cr3t@h/db?passfile=%2Fp", "postgresql://u@h/db?passfile=%2Fp"),
    ],
)
def test_a_url_loses_its_passwords_wherever_they_stand(url: str, bare: str) -> None:
    assert without_password(url) == bare
    kept = without_password(ResponseStore(url, lease=7.0))
    assert (kept.url, kept.lease) == (bare, 7.0)


@pytest.mark.parametrize(
    "store", [None, "auto", "answers.sqlite", Path("password"), ResponseStore(), ResponseStore("a")]
)
def test_what_has_no_password_stays(store: object) -> None:
    assert without_password(store) is store


@pytest.mark.parametrize("url", ["host=h password=s3cr3t", "mysql://u:s3cr3t@h/db", "u:s3cr3t@h", "postgresql:s3cr3t"])
def test_what_is_no_address_is_not_handed_on(url: str) -> None:
    assert "s3cr3t" not in without_password(url) + without_password(ResponseStore(url)).url
