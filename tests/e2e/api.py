"""Somebody who uses the dashboard's JSON, signed in as the demo account."""

from typing import Any, Self

from tests.e2e.stack import Stack
from tests.sandbox.process import client

DEMO = {"login": "demo@vendo.example", "password": "demo-vendo-2026"}


class Api:
    """For as long as a `with` lasts. `post` and `get` give the JSON of answers that are as hoped for, and fail else."""

    def __init__(self, stack: Stack) -> None:
        self.http = client(stack.url)
        self.http.get("/accounts/login/")
        signed_in = self.http.post("/accounts/login/", data=DEMO, headers=self._csrf())
        assert signed_in.status_code == 302, signed_in.text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, body: object = None) -> Any:
        """Ask for a change."""
        answer = self.http.post(f"/api{path}", json=body, headers=self._csrf())
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def get(self, path: str) -> Any:
        """Look."""
        answer = self.http.get(f"/api{path}")
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def launch(self, tool: str, slug: str) -> str:
        """Deploy a tool; returns the deployment's id."""
        return str(
            self.post("/deploy", {"toolSlug": tool, "deploymentSlug": slug, "deploymentName": slug})["deploymentId"]
        )

    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self.http.cookies["vendo_csrf"]}
