"""What a question of the wizard must be, so that it can be answered, and left at its default."""

import re
from collections.abc import Iterator

from deployments.declaration import UserInput, Validations
from deployments.problems import Problem, show


def check(where: str, question: UserInput) -> Iterator[Problem]:
    """Everything in the question at `where` that does not hold."""
    yield from _options(where, question)
    yield from _validations(where, question.validations)
    yield from _default(where, question)


def _options(where: str, question: UserInput) -> Iterator[Problem]:
    values = [option.value for option in question.options]
    if question.input_type == "select" and not values:
        yield Problem(f"{where}.options", "at least one option", "none", "List what can be chosen.")
    for position, value in enumerate(values):
        at = f"{where}.options[{position}].value"
        if not value:
            yield Problem(at, "some text", show(value), "Empty means no answer. Make it user_optional instead.")
        elif value in values[:position]:
            yield Problem(at, "each value once", f"{show(value)} again", "Remove one of the two.")


def _validations(where: str, rules: Validations) -> Iterator[Problem]:
    if rules.pattern is not None and _compiled(rules.pattern) is None:
        yield Problem(f"{where}.validations.pattern", "a regular expression", show(rules.pattern))
    for name, low, high in (("max", rules.min, rules.max), ("maxLength", rules.min_length, rules.max_length)):
        if low is not None and high is not None and low > high:
            yield Problem(f"{where}.validations.{name}", f"at least the minimum, {show(low)}", show(high))


def _default(where: str, question: UserInput) -> Iterator[Problem]:
    default = question.default
    if default in (None, "") and question.required and not question.asked:
        fix = "Add a default, or set category to user_optional."
        yield Problem(f"{where}.default", "a value, as nobody is asked for one", show(default), fix)
    if default is not None and not _fits(question):
        kind = "one of `options`" if question.input_type == "select" else f"a default of type {question.input_type}"
        yield Problem(f"{where}.default", kind, show(default), "Change the default, or remove it.")
    elif default not in (None, "") and (broken := next(_broken(question), "")):
        fix = "Change the default, or the rule."
        yield Problem(f"{where}.default", f"a default that satisfies `{broken}`", show(default), fix)


def _fits(question: UserInput) -> bool:
    default = question.default
    match question.input_type:
        case "boolean":
            return isinstance(default, bool)
        case "number":
            return isinstance(default, int | float) and not isinstance(default, bool)
        case "select":
            return default in [option.value for option in question.options]
        case _:
            return isinstance(default, str)


def _broken(question: UserInput) -> Iterator[str]:
    """The validations that the default does not satisfy, by name."""
    rules = question.validations
    match question.default:
        case bool():  # a switch has no rules
            return
        case int() | float() as number:
            yield from _outside(number, ("min", rules.min), ("max", rules.max))
        case str() as text:
            yield from _outside(len(text), ("minLength", rules.min_length), ("maxLength", rules.max_length))
            pattern = _compiled(rules.pattern or "")
            if pattern is not None and not pattern.search(text):
                yield "pattern"


def _outside(size: float, low: tuple[str, float | None], high: tuple[str, float | None]) -> Iterator[str]:
    if low[1] is not None and size < low[1]:
        yield low[0]
    if high[1] is not None and size > high[1]:
        yield high[0]


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
