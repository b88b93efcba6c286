"""One line for a command that cannot be parsed: what is wrong, and the help to read."""

from cyclopts import CycloptsError, MissingArgumentError, UnusedCliTokensError


def explain(error: CycloptsError, program: str) -> str:
    """The error in our words, with the help of the program's verb."""
    verb = " ".join(error.command_chain or ())
    return f"{_what(error, verb)} (see {' '.join(filter(None, [program, verb]))} --help)"


def _what(error: CycloptsError, verb: str) -> str:
    argument = error.argument
    if isinstance(error, UnusedCliTokensError):
        return f"{verb} has no place for {' '.join(error.unused_tokens or ())[:60]!a}"
    if not isinstance(error, MissingArgumentError) or argument is None:
        return " ".join(str(error).split())
    if error.keyword or argument.tokens:
        return f"{error.keyword or argument.name} needs a value"
    name = argument.name.lstrip("-").upper() if argument.field_info.is_positional else argument.name
    purpose = (argument.parameter.help or "").partition(".")[0]
    return f"{verb} needs {name}{f', {purpose[:1].lower()}{purpose[1:]}' if purpose else ''}"
