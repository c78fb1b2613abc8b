"""What tools ask OpenAI: https://platform.openai.com/docs/api-reference, the first calls of it. It thinks nothing."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from lookalike import control, pasted
from lookalike.tokens import retry_after

MODELS = ("gpt-sandbox", "gpt-sandbox-mini")
# status → type and code of the error object
KINDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "missing_scope"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class Refused(Exception):
    """A call that the API answers with an error object."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> HttpResponse:
        """The error object."""
        kind, code = KINDS.get(self.status, ("server_error", None))
        error = {"message": self.message, "type": kind, "param": None, "code": code}
        return JsonResponse({"error": error}, status=self.status, headers=retry_after(self.status))


def api(view: Callable[[HttpRequest], Mapping[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """A call of the API: a key that may make it, then what `view` answers."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            if (status := control.api_status()) != 200:
                raise Refused(status, "The sandbox was told to answer this.")
            _check_key(request)
            return JsonResponse(view(request))
        except Refused as refused:
            return refused.response()

    return guarded


def _check_key(request: HttpRequest) -> None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    key = pasted.key(text) if scheme == "Bearer" else None
    if key is None:
        raise Refused(401, "The sandbox knows no such key. Its home page lists those that there are.")
    if key.limited:
        raise Refused(403, "This key is limited, and this is not among what it may do.")


@require_GET
@api
def models(request: HttpRequest) -> Mapping[str, Any]:
    """The models that there are."""
    made = 1_760_000_000
    rows = [{"id": name, "object": "model", "created": made, "owned_by": "sandbox"} for name in MODELS]
    return {"object": "list", "data": rows}


@csrf_exempt
@require_POST
@api
def chat_completions(request: HttpRequest) -> Mapping[str, Any]:
    """Says again what was said last."""
    asked = _json(request)
    if asked.get("model") not in MODELS:
        raise Refused(404, f"The sandbox has the models {' and '.join(MODELS)}.")
    said = asked.get("messages")
    if not isinstance(said, list) or not said or not isinstance(said[-1], dict):
        raise Refused(400, "Send `messages`, a list of objects with `role` and `content`.")
    message = {"role": "assistant", "content": f"You said: {said[-1].get('content')}", "refusal": None}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": len(said), "completion_tokens": 1, "total_tokens": len(said) + 1},
    }


def _json(request: HttpRequest) -> Mapping[str, Any]:
    try:
        asked = json.loads(request.body)
    except ValueError:
        raise Refused(400, "The body is no JSON.") from None
    if not isinstance(asked, dict):
        raise Refused(400, "The body is no JSON object.")
    return asked
