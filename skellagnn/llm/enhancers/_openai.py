"""Any OpenAI-compatible server as an enhancer."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from sklearn.base import BaseEstimator

from skellagnn.exceptions import AnswerWarning, EnhancerError, InvalidParameterError
from skellagnn.llm.enhancers._addresses import (
    OPENAI_URL,
    check_bare,
    check_key_variable,
    check_no_secret,
    check_reachable,
    read_key,
    resolve_url,
)
from skellagnn.llm.enhancers._base import Answer, Unanswered
from skellagnn.llm.enhancers._batch_api import BatchRun
from skellagnn.llm.enhancers._chat import ChatRun, Request
from skellagnn.llm.enhancers._limits import shared_limits
from skellagnn.llm.enhancers._naming import (
    answer_limit,
    describe_settings,
    require_mapping,
    require_number,
    require_prompts,
    require_text,
)
from skellagnn.llm.enhancers._service import RequestFailed, Service, client_for
from skellagnn.llm.enhancers._shortening import cut_counts, shortened
from skellagnn.llm.enhancers._structured import choices_of
from skellagnn.llm.prompts import Question, estimate_tokens

_TOKEN_PARAMETERS = ("max_tokens", "max_completion_tokens")
_OWN_FIELDS = {
    "model": "That is the parameter `model`.",
    "messages": "They are made from the prompt and `system_prompt`.",
    "temperature": "That is the parameter `temperature`.",
    "seed": "That is the parameter `seed`.",
    "max_tokens": "That is the parameter `max_tokens`.",
    "max_completion_tokens": "Set token_parameter='max_completion_tokens' and `max_tokens`.",
    "n": "One answer a prompt is used, and each further one would be paid for.",
    "stream": "Answers are stored whole.",
}


class OpenAIEnhancer(BaseEstimator):  # type: ignore[misc]
    """Ask a server that speaks the OpenAI protocol: OpenAI, vLLM, Ollama, llama.cpp, ``transformers serve``.

    Parameters
    ----------
    model : str
        Name of the model, as the server knows it.
    base_url : str, default=None
        Address of the server, such as ``"http://localhost:8000/v1"``. By default the one in ``OPENAI_BASE_URL``,
        else OpenAI's own.
    api_key_env : str or None, default="OPENAI_API_KEY"
        *Name* of the environment variable that holds the key; the key itself is read when a question is asked and
        kept nowhere. None for a server that needs no key.
    max_concurrency : int, default=8
        Requests in flight.
    requests_per_minute, tokens_per_minute : float, default=None
        Limits to keep, shared by all threads of this process. Tokens are estimated before a request (four bytes a
        token, and the longest answer) and put right by what the server counts.
    max_retries : int, default=5
        Further tries of a request that can still succeed: after 408, 409, 429, 5xx, a lost connection, a timeout or
        a reply that is no JSON. Waits double from half a second up to 30 s, with jitter, unless the server says how
        long. A limit a minute is waited for longer, about 90 s; one of a day or of money ends the call at once.
    timeout : float, default=60.0
        Seconds to wait for a reply.
    temperature : float or None, default=0.0
        None leaves it to the server, as some models demand.
    seed : int, default=None
        Passed on where given. Servers promise little about it: what makes runs repeatable is the store.
    max_tokens : int, default=None
        Longest answer in tokens. By default ``max_answer_tokens`` of each prompt. Models that think before they
        answer spend the same tokens on thinking: give those some thousands.
    system_prompt : str, default=None
        Sent before each question.
    context_window : int, default=None
        Tokens of prompt and answer together that the server reads. Longer texts are shortened to fit by estimate, and
        never the instruction. Servers such as Ollama cut a longer prompt in silence, and may cut the instruction.
    structured : bool, default=True
        Ask for class names by a JSON schema, and for token probabilities as a confidence, where the server takes that:
        it is tried once and remembered. The answer reads as any other, "Theory; second choice: Logic. ..." Before the
        first batch job one question is asked by itself to try it.
    extra_body : dict, default=None
        Further fields of the request, such as ``{"chat_template_kwargs": {"enable_thinking": False}}`` for vLLM or
        ``{"reasoning_effort": "low"}``.
    token_parameter : {"max_tokens", "max_completion_tokens"}, default="max_tokens"
        What the server calls the limit; OpenAI's own newer models want the second.
    batch : bool, default=False
        Send all questions as one job to ``/v1/batches`` and wait for it, up to a day, usually at half the price.
        After an interruption the same call goes on waiting for the same job.
    batch_poll : float, default=30.0
        Seconds between two looks at a job.
    batch_state : object, default=None
        Where the ids of unfinished jobs are kept: a response store, or any object with ``get_state(name)`` and
        ``update_state(name, change)``. By default the file ``batches.json`` in the folder ``SKELLAGNN_HOME``.
    model_name : str, default=None
        What answers are stored under, if not the default, which contains the address: give one where the same model
        is reached by changing addresses.

    Raises
    ------
    InvalidParameterError, EnhancerError, MissingDependencyError
        When asked; see :meth:`complete_iter`.

    Notes
    -----
    The key is in no attribute, pickle, repr, error or log record. Errors are built from the server's status and
    message after the key was taken out of them, never chained to the client's own exceptions.

    A request that keeps failing while others succeed is left unanswered (counted in a warning); so is one that the
    server refuses for its own sake, because of its length or its content. Where a refusal does not tell and nothing
    else succeeds, a harmless question of six words is asked once: is it answered, the server works. Anything else ends
    the call with an error, after the answers in flight have been handed over. Where a request fails and no other is
    under way, those of the last ten minutes count, whoever made them in this process; if the next one fails as well,
    that is an error.

    The first Ctrl-C waits for the answers in flight, which are paid for, and the second does not.

    Examples
    --------
    >>> from skellagnn.enhancers import OpenAIEnhancer
    >>> OpenAIEnhancer("qwen3:8b", base_url="http://localhost:11434/v1", api_key_env=None).name
    'openai:qwen3:8b@http://localhost:11434/v1[temperature=0.0]'
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key_env: str | None = "OPENAI_API_KEY",
        max_concurrency: int = 8,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        max_retries: int = 5,
        timeout: float = 60.0,
        temperature: float | None = 0.0,
        seed: int | None = None,
        max_tokens: int | None = None,
        system_prompt: str | None = None,
        context_window: int | None = None,
        structured: bool = True,
        extra_body: dict[str, Any] | None = None,
        token_parameter: str = "max_tokens",
        batch: bool = False,
        batch_poll: float = 30.0,
        batch_state: Any = None,
        model_name: str | None = None,
    ) -> None:
        self.model = model
        self.max_concurrency = max_concurrency
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.max_retries = max_retries
        self.timeout = timeout
        self.temperature = temperature
        self.seed = seed
        self.max_tokens = max_tokens
        self.system_prompt = system_prompt
        self.context_window = context_window
        self.structured = structured
        self.token_parameter = token_parameter
        self.batch = batch
        self.batch_poll = batch_poll
        self.batch_state = batch_state
        self.model_name = model_name
        self.base_url = base_url
        self.api_key_env = api_key_env
        self.extra_body = extra_body

    # those that are checked as they are set: a traceback with local variables shows an object without them
    base_url: str | None = None
    api_key_env: str | None = None
    extra_body: dict[str, Any] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        # checks that cannot wait: a key would show in repr, get_params and pickles
        if name == "api_key_env":
            check_key_variable(value)
        elif name == "base_url":
            check_bare(value)
        elif name == "extra_body":
            check_no_secret("extra_body", value)
        super().__setattr__(name, value)

    @property
    def name(self) -> str:
        """Model, address, and the settings that change an answer."""
        if self.model_name is not None:
            return self.model_name
        url = resolve_url(self.base_url)
        settings = {
            "temperature": self.temperature,
            "seed": self.seed,
            "max_tokens": self.max_tokens,
            "system_prompt": self.system_prompt,
            "extra_body": self.extra_body or None,
            "context_window": self.context_window,
            "structured": None if self.structured else False,
        }
        return f"openai:{self.model}{'' if url == OPENAI_URL else '@' + url}{describe_settings(settings)}"

    @property
    def chunk_size(self) -> int:
        """How many prompts to pass at a time: enough to keep all connections busy, or one batch job."""
        return 50_000 if self.batch else max(256, 16 * self.max_concurrency)

    def estimate_tokens(self, prompts: Sequence[str]) -> list[int]:
        """Return about how many tokens each request has, system prompt included, for plans and limits."""
        system = 0 if self.system_prompt is None else estimate_tokens(self.system_prompt)
        return [system + estimate_tokens(prompt) for prompt in prompts]

    def longest_answers(self, prompts: Sequence[str]) -> list[int]:
        """Return how many tokens each answer may have: ``max_tokens``, else what its prompt allows."""
        return [answer_limit(prompt, self.max_tokens) for prompt in prompts]

    def check(self) -> None:
        """Find out what is wrong before anything is asked.

        Raises
        ------
        InvalidParameterError, EnhancerError, MissingDependencyError
            If a parameter is wrong, the key or the package is missing, or nobody is at the address.
        """
        self._check()
        service = self._service()
        if not service.limits.blame.has_succeeded:
            check_reachable(service.url)

    def complete(self, prompts: Sequence[str]) -> list[Answer | None]:
        """Answer each prompt; see :meth:`complete_iter`, which hands answers over as they arrive."""
        prompts = require_prompts(prompts)
        answers: list[Answer | None] = [None] * len(prompts)
        for position, answer in self.complete_iter(prompts):
            answers[position] = answer if isinstance(answer, Answer) else None
        return answers

    def complete_iter(self, prompts: Sequence[str]) -> Iterator[tuple[int, Answer | Unanswered]]:
        """Answer each prompt, in the order in which the answers arrive.

        Parameters
        ----------
        prompts : sequence of str

        Yields
        ------
        position, answer : int, Answer or Unanswered
            Each position once; Unanswered says why there is no answer. Whoever keeps each answer at once loses nothing
            to a later error or to Ctrl-C.

        Raises
        ------
        InvalidParameterError
            If a parameter is wrong; before anything is asked.
        EnhancerError
            If the key is missing, the server refuses the way of asking, or nothing succeeds any more. The message
            says how many questions were answered before.
        MissingDependencyError
            If ``openai`` is not installed.

        Warns
        -----
        AnswerWarning
            If questions were left unanswered, counted by reason; if texts were shortened, or the server read less than
            it was sent.
        """
        questions = require_prompts(prompts)
        extra = self._check()
        if not questions:
            return iter(())
        service = self._service()
        requests = [self._request(question, extra) for question in self._fitting(questions)]
        run: BatchRun | ChatRun
        if self.batch:
            run = BatchRun(service, requests, model=self.model, poll=float(self.batch_poll), state=self.batch_state)
        else:
            run = ChatRun(service, requests, self.max_concurrency)
        return self._hand_over(run.outcomes(), service.url, [request.text for request in requests])

    def _service(self) -> Service:
        url = resolve_url(self.base_url)
        key = read_key(self.api_key_env, url)
        limits = shared_limits(url, self.model, self.requests_per_minute, self.tokens_per_minute)
        client = client_for(url, key, float(self.timeout))
        return Service(url, client, key, self.api_key_env, self.max_retries, limits)

    def _hand_over(
        self, arriving: Generator[tuple[int, Answer | Unanswered], None, None], url: str, sent: list[str]
    ) -> Iterator[tuple[int, Answer | Unanswered]]:
        """Pass outcomes on, count them, and turn a failure into an error or a warning that has the counts."""
        unanswered: Counter[str] = Counter()
        n_questions = len(sent)
        n_answered = 0
        read: list[tuple[str, int | None]] = []
        failed: str | None = None
        try:
            with closing(arriving):
                for position, outcome in arriving:
                    if isinstance(outcome, Unanswered):
                        unanswered[outcome.reason] += 1
                    else:
                        n_answered += 1
                        read.append((sent[position], outcome.tokens_in))
                    yield position, outcome
        except RequestFailed as error:
            failed = error.failure.reason
        if failed is not None:  # outside the except block, so that nothing is chained
            raise EnhancerError(
                f"The server at {url} failed for `model` {self.model!r}: {failed.rstrip('.')}. Of {n_questions} "
                f"questions {n_answered} were answered and {n_questions - n_answered} were not. Once the cause is "
                "gone, run the same again: answers that were stored are not asked for again."
            )
        self._warn_of_cut_prompts(read, url)
        if unanswered:
            reasons = "; ".join(f"{count} x {reason}" for reason, count in unanswered.most_common(3))
            warnings.warn(
                f"{unanswered.total()} of {n_questions} questions were left unanswered by {self.model!r} at {url}: "
                f"{reasons}{'; ...' if len(unanswered) > 3 else ''}. They count as failed and are asked again next "
                "time.",
                AnswerWarning,
                stacklevel=2,
            )

    def _warn_of_cut_prompts(self, read: list[tuple[str, int | None]], url: str) -> None:
        """Warn if the server counted fewer prompt tokens than were sent."""
        cut = cut_counts([text for text, _ in read], [count for _, count in read])
        if cut:
            warnings.warn(
                f"{self.model!r} at {url} read {max(cut)} tokens or less of {len(cut)} of {len(read)} prompts that are "
                "longer: the server cuts them in silence, and maybe the instruction. Give it a larger context window "
                "(num_ctx or OLLAMA_CONTEXT_LENGTH for Ollama), or set "
                f"context_window={max(cut)}, which shortens the texts and never the instruction. Answers to cut "
                "prompts are in the store, if there is one: prune() them.",
                AnswerWarning,
                stacklevel=3,
            )

    def _fitting(self, questions: list[str]) -> list[str]:
        """Shorten the texts of questions that would not fit the context window with their answers."""
        if self.context_window is None:
            return questions
        fitting, n_shortened = [], 0
        for question in questions:
            room = self.context_window - answer_limit(question, self.max_tokens)

            def fits(question: str, room: int = room) -> bool:
                return 1.25 * self.estimate_tokens([question])[0] <= room  # an estimate may be short of the truth

            cut: str | None = question
            if not fits(question):
                cut = shortened(question, fits) if isinstance(question, Question) else None
                n_shortened += 1
            if cut is None:
                raise EnhancerError(
                    f"`context_window` must have room for instruction and answer, got {self.context_window} for "
                    f"{str(question)[:80]!r}. Raise it, lower `max_tokens`, or shorten the template."
                )
            fitting.append(cut)
        if n_shortened:
            warnings.warn(
                f"{n_shortened} of {len(questions)} prompts were longer than `context_window` "
                f"({self.context_window} tokens) has room for. Their texts were shortened, not their instructions.",
                AnswerWarning,
                stacklevel=3,
            )
        return fitting

    def _request(self, question: str, extra: dict[str, Any]) -> Request:
        text = str(question).encode("utf-8", "replace").decode()  # lone surrogates cannot be sent
        messages = [{"role": "user", "content": text}]
        if self.system_prompt is not None:
            messages.insert(0, {"role": "system", "content": self.system_prompt})
        body: dict[str, Any] = {"model": self.model, "messages": messages}
        longest = answer_limit(question, self.max_tokens)
        body[self.token_parameter] = longest
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.seed is not None:
            body["seed"] = self.seed
        return Request({**body, **extra}, choices_of(question) if self.structured else (), longest)

    def _check(self) -> dict[str, Any]:
        require_text(self.model, "model")
        require_text(self.model_name, "model_name", optional=True)
        require_text(self.system_prompt, "system_prompt", optional=True)
        require_number(self.max_concurrency, "max_concurrency", least=1)
        require_number(self.requests_per_minute, "requests_per_minute", least=1e-3, whole=False, optional=True)
        require_number(self.tokens_per_minute, "tokens_per_minute", least=1e-3, whole=False, optional=True)
        require_number(self.max_retries, "max_retries", least=0)
        require_number(self.timeout, "timeout", least=1e-3, whole=False)
        require_number(self.temperature, "temperature", least=0, whole=False, optional=True)
        require_number(self.max_tokens, "max_tokens", least=1, optional=True)
        require_number(self.context_window, "context_window", least=2, optional=True)
        if not isinstance(self.structured, bool):
            raise InvalidParameterError(
                f"`structured` must be True or False, got {self.structured!r}. True tries it, and reads text otherwise."
            )
        require_number(self.batch_poll, "batch_poll", least=0, whole=False)
        if self.token_parameter not in _TOKEN_PARAMETERS:
            raise InvalidParameterError(
                f"`token_parameter` must be 'max_tokens' or 'max_completion_tokens', got {self.token_parameter!r}. "
                "Use the one that the server knows."
            )
        return require_mapping(self.extra_body, "extra_body", taken=_OWN_FIELDS)
