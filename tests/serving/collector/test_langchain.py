"""What the handler sends of LangChain's calls, and that no fault of it reaches the caller."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from serving.app import application
from serving.collector.clients.langchain import TakingsHandler
from tests.connectors.scripted import Reply, Script, scripted
from tests.serving.collector.posting import KEY, Collecting
from tests.serving.server import running

ROOT = Path(__file__).resolve().parents[3]
USAGE = {"input_tokens": 350, "output_tokens": 240, "total_tokens": 590, "input_token_details": {"cache_read": 100},
         "output_token_details": {"reasoning": 200}}  # fmt: skip
TAKEN = Reply({"accepted": {}}, 202)


def answer(text: str = "Yes.", **fields: Any) -> AIMessage:
    return AIMessage(text, usage_metadata=USAGE, response_metadata={"model_name": "gpt-5-mini"}, **fields)


def model(*answers: AIMessage) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter(answers or (answer(),)))


class Streaming(BaseChatModel):
    """A model that streams its words, and its usage with the last one, as providers do."""

    words: tuple[str, ...] = ("Hello", " there")
    breaks: bool = False

    @property
    def _llm_type(self) -> str:
        return "streaming"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        if self.breaks:
            raise TimeoutError("the provider does not answer")
        return ChatResult(generations=[ChatGeneration(message=answer("".join(self.words)))])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None, **_: Any,
    ) -> Iterator[ChatGenerationChunk]:  # fmt: skip
        for word in self.words:
            yield ChatGenerationChunk(message=AIMessageChunk(word, response_metadata={}))
            if self.breaks:
                raise TimeoutError("the provider does not answer")
        yield ChatGenerationChunk(
            message=AIMessageChunk("", usage_metadata=USAGE, response_metadata={"model_name": "gpt-5-mini"})
        )


class Sent:
    """A handler, and what it has sent."""

    def __init__(self, script: Script, **options: Any) -> None:
        self.script = script
        self.handler = TakingsHandler(f"{script.url}/collect", "the-write-key", interval=0.01, **options)

    def config(self, **metadata: Any) -> dict[str, Any]:
        return {"callbacks": [self.handler], "metadata": metadata}

    def records(self, name: str) -> list[dict[str, Any]]:
        assert self.handler.flush(30)
        return [record for request in self.script.requests for record in request.body.get(name, [])]

    def messages(self) -> list[tuple[str, int | None]]:
        """Role and output tokens of each message."""
        return [(record["role"], record.get("output_tokens")) for record in self.records("chat_messages")]


@pytest.fixture
def sent() -> Iterator[Sent]:
    with scripted(TAKEN) as script:
        sent = Sent(script)
        yield sent
        sent.handler.close(1)


def test_call_is_a_session_a_question_and_an_answer(sent: Sent) -> None:
    prompt = [SystemMessage("You sell tents."), HumanMessage("Is it waterproof?")]
    model().invoke(prompt, config=sent.config(session_id="c1", customer_id=77, variant="B"))
    (session,), (question, reply) = sent.records("chat_sessions"), sent.records("chat_messages")
    assert {name: session[name] for name in ("session_id", "customer_id", "variant")} == {
        "session_id": "c1", "customer_id": "77", "variant": "B",
    }  # fmt: skip
    assert (question["role"], question["session_id"], question["text_length"]) == ("user", "c1", 17)
    assert {name: reply[name] for name in reply if name.endswith("tokens")} == {
        "input_tokens": 350, "cached_tokens": 100, "output_tokens": 240, "reasoning_tokens": 200,
    }  # fmt: skip
    assert (reply["role"], reply["model"], reply["session_id"], reply["text_length"]) == (
        "assistant",
        "gpt-5-mini",
        "c1",
        4,
    )
    assert 0 <= reply["latency_ms"] < 60_000
    assert session["started_at"] <= question["created_at"] <= reply["created_at"]
    assert "waterproof" not in str([request.body for request in sent.script.requests]), "texts are not sent"
    assert sent.script.requests[0].headers["authorization"] == "Bearer the-write-key"


def test_texts_are_sent_where_they_are_wanted() -> None:
    with scripted(TAKEN) as script:
        sent = Sent(script, keep_text=True)
        model().invoke("Is it waterproof?", config=sent.config(session_id="c1"))
        assert [record["text"] for record in sent.records("chat_messages")] == ["Is it waterproof?", "Yes."]


def test_stream_is_one_answer_with_the_usage_of_its_end(sent: Sent) -> None:
    text = "".join(chunk.text for chunk in Streaming().stream("Hi", config=sent.config(session_id="c1")))
    assert text == "Hello there"
    assert sent.messages() == [("user", None), ("assistant", 240)]


def test_async_calls_at_once_are_sessions_of_their_own(sent: Sent) -> None:
    async def ask() -> None:
        await asyncio.gather(*(
            Streaming().ainvoke("Hi", config=sent.config(session_id=f"c{number}")) for number in range(20)
        ))  # fmt: skip
        stream: AsyncIterator[Any] = Streaming().astream("Hi", config=sent.config(thread_id="c20"))
        async for _ in stream:
            pass

    asyncio.run(ask())
    assert len(sent.records("chat_sessions")) == 21
    replies = [record for record in sent.records("chat_messages") if record["role"] == "assistant"]
    assert {record["session_id"] for record in replies} == {f"c{number}" for number in range(21)}
    assert len({record["message_id"] for record in replies}) == 21


def test_stream_that_is_left_early_and_calls_that_fail_are_no_answers(sent: Sent) -> None:
    for chunk in Streaming().stream("Hi", config=sent.config(session_id="c1")):
        assert chunk.text == "Hello"
        break
    with pytest.raises(TimeoutError):
        list(Streaming(breaks=True).stream("Hi", config=sent.config(session_id="c1")))
    with pytest.raises(TimeoutError):
        Streaming(breaks=True).invoke("Hi", config=sent.config(session_id="c1"))
    assert sent.messages() == [("user", None)] * 3
    assert not sent.handler._calls, "nothing is remembered of calls that ended"


def test_agent_loop_has_one_question_a_result_of_the_tool_and_each_call(sent: Sent) -> None:
    @tool
    def stock(sku: str) -> str:
        """How many are there."""
        return f"7 of {sku}"

    first = answer("", tool_calls=[{"name": "stock", "args": {"sku": "T1"}, "id": "call-1"}])
    llm = model(first, answer("There are 7."))

    def loop(question: str) -> str:
        messages: list[BaseMessage] = [HumanMessage(question)]
        while (reply := llm.invoke(messages)).tool_calls:
            call = reply.tool_calls[0]
            messages += [reply, ToolMessage(stock.invoke(call["args"]), tool_call_id=str(call["id"]))]
        return str(reply.text)

    assert RunnableLambda(loop).invoke("How many?", config=sent.config(session_id="c1")) == "There are 7."
    assert sent.messages() == [("user", None), ("assistant", 240), ("tool", None), ("assistant", 240)]
    assert len(sent.records("chat_sessions")) == 1


def test_chain_that_asks_two_models_has_one_question(sent: Sent) -> None:
    """The first model writes the question again, the second one answers it."""
    chain = (
        RunnableLambda(lambda text: f"Search words for: {text}") | model() | (lambda message: message.text) | model()
    )
    chain.invoke("Is it waterproof?", config=sent.config(session_id="c1"))
    assert [role for role, _ in sent.messages()] == ["user", "assistant", "assistant"]


def test_call_without_a_session_is_one_of_its_own(sent: Sent) -> None:
    chain = RunnableLambda(lambda text: text) | model(answer(), answer())
    chain.invoke("one", config=sent.config())
    chain.invoke("two", config=sent.config())
    sessions = {record["session_id"] for record in sent.records("chat_sessions")}
    assert len(sessions) == 2 and {record["session_id"] for record in sent.records("chat_messages")} == sessions


def test_conversation_that_began_elsewhere_begins_where_the_metadata_say(sent: Sent) -> None:
    history = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Is it waterproof?")]
    model().invoke(history, config=sent.config(session_id="c1"))
    assert sent.records("chat_sessions") == [] and len(sent.messages()) == 2
    named = {"session_id": "c2", "session_started_at": "2026-11-20T11:00:00Z"}
    model().invoke(history, config=sent.config(**named))
    assert sent.records("chat_sessions") == [{"session_id": "c2", "started_at": "2026-11-20T11:00:00Z"}]


def test_tokens_that_are_not_reported_are_unknown(sent: Sent) -> None:
    model(AIMessage("Yes.")).invoke("Hi", config=sent.config(session_id="c1"))
    FakeListLLM(responses=["Yes."]).invoke("Hi", config=sent.config(session_id="c1"))
    replies = [record for record in sent.records("chat_messages") if record["role"] == "assistant"]
    assert len(replies) == 2 and not any(name.endswith("tokens") for record in replies for name in record)


def test_embeddings_and_records_of_ones_own_are_sent(sent: Sent) -> None:
    sent.handler.embedded("text-embedding-3-small", 812, "c1")
    sent.handler.record("product_events", {"event_id": "p1", "event_type": "recommended"})
    (record,) = sent.records("chat_messages")
    assert (record["embedding_model"], record["embedding_tokens"], record["role"]) == (
        "text-embedding-3-small",
        812,
        "tool",
    )
    assert sent.records("product_events") == [{"event_id": "p1", "event_type": "recommended"}]


def test_collector_takes_what_the_handler_sends(place: Collecting) -> None:
    app = application(replace(place.site, now=lambda: datetime.now(UTC)))
    with running(app) as port:
        handler = TakingsHandler(f"http://127.0.0.1:{port}/collect", KEY, interval=0.01, keep_text=True)
        config: Any = {"callbacks": [handler], "metadata": {"session_id": "c1", "customer_id": 77, "language": "en"}}
        model().invoke("Is it waterproof?", config=config)
        handler.embedded("text-embedding-3-small", 812, "c1")
        assert handler.flush(30) and handler.lost == 0
        handler.close()
    session, question, answered, embedding = (record["row"] for record in place.stored())
    assert (session["customer_id"], session["language"]) == ("77", "en")
    assert (question["role"], question["text_length"], "text" in question) == ("user", "17", False)
    assert (answered["model"], answered["cached_tokens"], answered["reasoning_tokens"]) == ("gpt-5-mini", "100", "200")
    assert (embedding["embedding_model"], embedding["embedding_tokens"]) == ("text-embedding-3-small", "812")


class _BrokenError(Exception):
    """A mistake inside the handler."""


def test_mistake_of_the_handler_reaches_no_caller(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise _BrokenError

    monkeypatch.setattr(TakingsHandler, "_begin", broken)
    assert model().invoke("Hi", config=sent.config(session_id="c1")).text == "Yes."
    assert "was not recorded" in caplog.text


def test_call_does_not_wait_for_a_collector_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    """The collector accepts the connection and never answers."""
    released = threading.Event()

    class Hanging(Script):
        def next(self) -> Reply:
            released.wait(30)
            return TAKEN

    caplog.set_level(logging.ERROR)
    with scripted(TAKEN) as script:
        script.next = lambda: Hanging.next(script)  # type: ignore[method-assign]
        sent = Sent(script, most_waiting=3)
        for number in range(10):
            assert model().invoke("Hi", config=sent.config(session_id=f"c{number}")).text == "Yes."
        assert sent.handler.lost > 0, "what does not fit into the queue is dropped and counted"
        released.set()
        assert sent.handler.flush(30)


ALONE = """
import sys
from serving.collector.clients.langchain import TakingsHandler
ours = [name for name in sys.modules if name.split(".")[0] in
        ("common", "connectors", "semantic", "orchestration", "simulator", "fastapi", "duckdb", "dbt", "msgspec")]
assert not ours, ours
assert {name for name in sys.modules if name.startswith("serving")} == {
    "serving", "serving.collector", "serving.collector.clients", "serving.collector.clients.langchain",
    "serving.collector.clients.sender"}
handler = TakingsHandler(sys.argv[1], "the-write-key", interval=30)
handler.record("events", {"event_id": "e1"})
"""


def test_handler_imports_nothing_else_and_sends_at_the_end_of_the_process() -> None:
    with scripted(TAKEN) as script:
        subprocess.run([sys.executable, "-c", ALONE, f"{script.url}/collect"], cwd=ROOT, check=True, timeout=120)
        assert [request.body for request in script.requests] == [{"events": [{"event_id": "e1"}]}]
