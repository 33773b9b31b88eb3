"""The OpenAPI document: complete, and true."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.world import token

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
async def document(anonymous: httpx2.AsyncClient) -> dict[str, Any]:
    """The API's own description."""
    found: dict[str, Any] = (await anonymous.get("/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return all operations with their names."""
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in HTTP_METHODS
    ]


def has_example(content: dict[str, Any], document: dict[str, Any]) -> bool:
    """Say whether a content, its schema, or what it is a list of has an example."""
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if {"example", "examples"} & {*content, *schema}:
        return True
    items = schema.get("properties", {}).get("data", {}).get("items")
    return bool(items) and has_example({"schema": items}, document)


def test_every_json_answer_has_an_example(document: dict[str, Any]) -> None:
    without = [
        (name, status)
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        for media_type, content in response.get("content", {}).items()
        if media_type.endswith("json") and not has_example(content, document)
    ]
    assert without == []


def test_every_operation_is_described_and_says_who_may_call(document: dict[str, Any]) -> None:
    public = {"stripe", "pages", "health"}
    for name, operation in operations(document):
        assert operation["tags"], name
        assert operation["summary"], name
        assert operation["description"], name
        assert bool(operation.get("security")) != bool(public & set(operation["tags"])), name


def test_every_post_of_a_client_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        names = [parameter["name"] for parameter in operation.get("parameters", [])]
        assert ("Idempotency-Key" in names) == (
            name.startswith("post") and "stripe" not in operation["tags"]
        ), name


@pytest.mark.timeout(180)
async def test_the_api_does_what_its_document_says(api_url: str) -> None:
    """Schemathesis asks whatever the document allows, and much that it does not."""
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        "run",
        f"{api_url}/openapi.json",
        f"--header=Authorization: Bearer {token('fuzzer', 'catalog:write ops')}",
        "--phases=examples,coverage,fuzzing",
        "--exclude-checks=positive_data_acceptance",  # an unknown ticket type fits its schema
        "--exclude-path-regex=/events$",  # a stream is not an answer
        "--max-time=15",
        "--seed=1",
        "--generation-database=none",
        "--no-color",
        "--warnings=off",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
