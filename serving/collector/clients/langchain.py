"""A callback handler for LangChain: records what each call of a chat model used, and sends it to `POST /collect`.

    from serving.collector.clients.langchain import TakingsHandler

    takings = TakingsHandler("https://numbers.example/collect", write_key)
    chain.invoke(question, config={"callbacks": [takings], "metadata": {"session_id": session}})

Sent are model, tokens, latency and session of each call, and that a person wrote; texts only with `keep_text`. A thread
sends in the background. Whatever happens to it, the caller's request goes on: nothing here raises, and nothing waits.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ParamSpec

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from .sender import AT_THE_END, MOST_WAITING, Sender  # also in a copy of this folder

SESSION_KEYS = ("session_id", "thread_id", "conversation_id")
"""Where the metadata of a call name its conversation; LangGraph's thread_id is one of them."""
BEGINNING = "session_started_at"
"""When the conversation began (ISO 8601), where several processes answer it."""
OF_SESSION = ("customer_id", "visitor_id", "visit_id", "variant", "language")
"""What the metadata may say of the session."""
MOST_REMEMBERED = 10_000  # calls that run, and ids that were sent
log = logging.getLogger("takings.collector")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class _Call:
    """A call of a model that runs: its session, its root run, and when it began."""

    session: str
    root: uuid.UUID
    metadata: Mapping[str, Any]
    model: str | None
    began: float = field(default_factory=time.perf_counter)


def _harmless(callback: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The callback, which logs a mistake of its own and raises nothing."""

    @functools.wraps(callback)
    def safe(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        try:
            callback(*arguments, **named)
        except Exception:  # the call of the model goes on, whatever happens here
            log.warning("A call of a model was not recorded, by a mistake of the handler", exc_info=True)

    return safe


class TakingsHandler(BaseCallbackHandler):
    """Records calls of chat models; one handler serves all threads and event loops of a process.

    The session of a call is `session_id`, `thread_id` or `conversation_id` of its metadata, else `session_id` here,
    else the outermost run: then each invocation is a session of its own. `metadata` is what calls have that name none:
    customer_id, visitor_id, visit_id, variant, language, session_started_at.
    """

    run_inline = True  # in the caller's event loop, in order: a callback takes microseconds
    ignore_retriever = ignore_retry = ignore_custom_event = True

    def __init__(
        self, url: str, write_key: str, *, session_id: str | None = None, metadata: Mapping[str, Any] | None = None,
        keep_text: bool = False, interval: float = 0.5, most_waiting: int = MOST_WAITING,
    ) -> None:  # fmt: skip
        super().__init__()
        self._session_id, self._metadata, self._keep_text = session_id, dict(metadata or {}), keep_text
        self._calls: OrderedDict[uuid.UUID, _Call] = OrderedDict()
        self._roots: OrderedDict[uuid.UUID, uuid.UUID] = OrderedDict()
        self._sent: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._sender = Sender(url, write_key, interval=interval, most_waiting=most_waiting)

    @property
    def lost(self) -> int:
        """How many records could not be sent: too many were waiting, or they were refused."""
        return self._sender.lost

    def record(self, name: str, record: Mapping[str, Any]) -> None:
        """Send a record of one's own, such as ("product_events", {…}) or the satisfaction of a session."""
        self._sender.put(name, dict(record))

    def embedded(self, model: str, tokens: int, session_id: str) -> None:
        """Record an embedding: langchain-core has no callbacks for embeddings."""
        self._send("chat_messages", message_id=str(uuid.uuid4()), session_id=session_id, role="tool",
                   created_at=_now(), embedding_model=model, embedding_tokens=tokens)  # fmt: skip

    def flush(self, seconds: float = AT_THE_END) -> bool:
        """Wait until everything is sent, at most so long. Returns whether it is."""
        return self._sender.flush(seconds)

    def close(self, seconds: float = AT_THE_END) -> None:
        """Send what waits, at most so long, and end the thread. Python does so at its own end."""
        self._sender.close(seconds)

    @_harmless
    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: uuid.UUID, parent_run_id: uuid.UUID | None = None, **_: Any
    ) -> None:
        """Remember which run is the outermost one of a chain."""
        self._root(run_id, parent_run_id, remember=True)

    @_harmless
    def on_tool_start(
        self, serialized: Any, input_str: str, *, run_id: uuid.UUID, parent_run_id: uuid.UUID | None = None, **_: Any
    ) -> None:
        """The same for a tool, which may call a model itself."""
        self._root(run_id, parent_run_id, remember=True)

    @_harmless
    def on_chat_model_start(
        self, serialized: Any, messages: list[list[BaseMessage]], *, run_id: uuid.UUID,
        parent_run_id: uuid.UUID | None = None, metadata: dict[str, Any] | None = None, **named: Any,
    ) -> None:  # fmt: skip
        """Record what a person wrote, and when the call began."""
        call = self._begin(run_id, parent_run_id, metadata, named)
        prompt = messages[0] if messages else []
        is_first = not any(message.type == "ai" for message in prompt)
        self._record_session(call, is_first=is_first)
        last = prompt[-1] if prompt else None
        if last is not None and last.type == "human":
            self._record_text(call, "user", "user", last)
        for message in _results_of_tools(prompt):
            name = str(getattr(message, "tool_call_id", "") or message.id or "")
            self._record_text(call, f"tool {name}", "tool", message)

    @_harmless
    def on_llm_start(
        self, serialized: Any, prompts: list[str], *, run_id: uuid.UUID, parent_run_id: uuid.UUID | None = None,
        metadata: dict[str, Any] | None = None, **named: Any,
    ) -> None:  # fmt: skip
        """The same for a model that completes a text."""
        call = self._begin(run_id, parent_run_id, metadata, named)
        self._record_session(call, is_first=True)
        self._record_text(call, "user", "user", prompts[0] if prompts else "")

    @_harmless
    def on_llm_end(self, response: LLMResult, *, run_id: uuid.UUID, **_: Any) -> None:
        """Record what the model used and how long it took."""
        with self._lock:
            call = self._calls.pop(run_id, None)
        if call is None:
            return
        latency = round((time.perf_counter() - call.began) * 1000)
        generation = response.generations[0][0] if response.generations and response.generations[0] else None
        message = getattr(generation, "message", None)
        text = message.text if message is not None else getattr(generation, "text", "")
        self._send(
            "chat_messages", message_id=str(run_id), session_id=call.session, created_at=_now(), role="assistant",
            model=_model(response, message) or call.model, latency_ms=latency, **_usage(response, message),
            **self._text(str(text)),
        )  # fmt: skip

    @_harmless
    def on_llm_error(self, error: BaseException, *, run_id: uuid.UUID, **_: Any) -> None:
        """A call that failed is not a message: what it used is not known."""
        with self._lock:
            self._calls.pop(run_id, None)

    def _root(self, run_id: uuid.UUID, parent: uuid.UUID | None, *, remember: bool) -> uuid.UUID:
        """The outermost run."""
        with self._lock:
            root = self._roots.get(parent, parent) if parent else run_id
            if remember:
                _remember(self._roots, run_id, root)
            return root

    def _begin(
        self, run_id: uuid.UUID, parent: uuid.UUID | None, metadata: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> _Call:
        root = self._root(run_id, parent, remember=False)
        metadata = {**self._metadata, **(metadata or {})}
        named_session = next((metadata[key] for key in SESSION_KEYS if metadata.get(key)), self._session_id)
        parameters = named.get("invocation_params") or {}
        model = metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name")
        call = _Call(str(named_session or root), root, metadata, model)
        with self._lock:
            _remember(self._calls, run_id, call)
        return call

    def _record_session(self, call: _Call, *, is_first: bool) -> None:
        """The session, when this process meets it. Without a named beginning it begins with the first message of the
        conversation; one that went on before began elsewhere."""
        began = call.metadata.get(BEGINNING)
        if self._is_new(f"session {call.session}") and (is_first or began):
            facts = {name: str(call.metadata[name]) for name in OF_SESSION if call.metadata.get(name)}
            self._send("chat_sessions", session_id=call.session, started_at=str(began or _now()), **facts)

    def _record_text(self, call: _Call, name: str, role: str, message: BaseMessage | str) -> None:
        """A message that a model was given, once per outermost run: a chain may give it to several models."""
        number = str(uuid.uuid5(call.root, name))
        if self._is_new(number):
            text = message if isinstance(message, str) else str(message.text)
            self._send("chat_messages", message_id=number, session_id=call.session, created_at=_now(), role=role,
                       **self._text(text))  # fmt: skip

    def _is_new(self, name: str) -> bool:
        """Whether this was not recorded yet; from now on it is."""
        with self._lock:
            is_new = name not in self._sent
            _remember(self._sent, name, None)
            return is_new

    def _text(self, text: str) -> dict[str, Any]:
        return {"text": text, "text_length": len(text)} if self._keep_text else {"text_length": len(text)}

    def _send(self, name: str, **record: Any) -> None:
        self._sender.put(name, {key: value for key, value in record.items() if value is not None})


def _results_of_tools(prompt: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The results of tools that end a prompt: those since the model spoke last."""
    results: list[BaseMessage] = []
    for message in reversed(prompt):
        if message.type != "tool":
            break
        results.insert(0, message)
    return results


def _model(response: LLMResult, message: Any) -> str | None:
    """The model's name as the provider answered it."""
    metadata = getattr(message, "response_metadata", None) or {}
    output = response.llm_output or {}
    names = (metadata.get("model_name"), metadata.get("model"), output.get("model_name"), output.get("model"))
    return next((str(name) for name in names if name), None)


def _usage(response: LLMResult, message: Any) -> dict[str, int]:
    """Tokens of each kind; a kind that the provider does not report is left out: it is unknown, not zero."""
    usage = getattr(message, "usage_metadata", None)
    if usage:
        read, written = usage.get("input_token_details") or {}, usage.get("output_token_details") or {}
        counts = {
            "input_tokens": usage.get("input_tokens"),
            "cached_tokens": read.get("cache_read"),
            "output_tokens": usage.get("output_tokens"),
            "reasoning_tokens": written.get("reasoning"),
        }
    else:
        older = (response.llm_output or {}).get("token_usage") or {}
        counts = {"input_tokens": older.get("prompt_tokens"), "output_tokens": older.get("completion_tokens")}
    return {name: int(count) for name, count in counts.items() if count is not None}


def _remember(memory: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Add to a memory that forgets its oldest entries."""
    memory[key] = value
    if len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)


def _now() -> str:
    return datetime.now(UTC).isoformat()
