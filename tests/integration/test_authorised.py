"""Calls that are authorised one by one, through the real proxy: signed with AWS keys, or by a token that expires."""

import sys

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import running
from tests.fakes.upstream import FakeUpstream

CONFIG = """
version: 1
providers:
  aws: {{kind: bedrock, base_url: "{base_url}"}}
  google: {{kind: vertex, base_url: "{base_url}", token_command: ["{python}", "-c", "print('canary-token-5e1')"]}}
upstreams:
  signed: {{provider: aws, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
  token: {{provider: google, model: m, tier: hard, window: 128000, capabilities: [tools], price: null}}
routes: {{auto: {{}}}}
"""
AWS = {"AWS_ACCESS_KEY_ID": "canary-id-5e1", "AWS_SECRET_ACCESS_KEY": "canary-key-5e1", "AWS_REGION": "us-west-2"}


@pytest.mark.parametrize(
    ("model", "begins"),
    [
        ("signed", "AWS4-HMAC-SHA256 Credential=canary-id-5e1/"),
        ("token", "Bearer canary-token-5e1"),
    ],
)
async def test_a_call_is_authorised_by_what_its_provider_has(tmp_path, model, begins):
    """The upstream sees the signature or the token; a client whose call is refused sees nothing of the keys."""
    async with FakeUpstream() as upstream, httpx2.AsyncClient() as client:
        upstream.script(behaviour.ok(), behaviour.status(400, {"error": {"message": "bad canary-key-5e1"}}))
        config = CONFIG.format(base_url=upstream.base_url, python=sys.executable)
        async with running(config, tmp_path, environ=AWS) as proxy:
            body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
            answer = await client.post(f"{proxy.base_url}/chat/completions", json=body)
            refused = await client.post(f"{proxy.base_url}/chat/completions", json=body)
        assert answer.status_code == 200
        assert upstream.seen[0].header("authorization").startswith(begins)
        assert refused.status_code == 400
        assert "canary" not in refused.text
