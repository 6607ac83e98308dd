"""Compiles the engine and the policies' expressions with mono's C# compiler, and compares what the
expressions use with the documented list of allowed types."""

import atexit
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from apim_policies.errors import Finding, InvalidPolicies, MonoMissing
from apim_policies.harness.expressions import Expression, csharp
from apim_policies.harness.policy_file import Text

LANGUAGE_VERSION = "7"
COMPILE_TIMEOUT_S = 60

_ENGINE_SOURCES = Path(__file__).parent / "engine"
_ALLOWED_TYPES = Path(__file__).parent / "allowed_types.txt"
# Paths of Debian's libnewtonsoft-json5.0-cil and of the global assembly cache.
_JSON_LIBRARIES = ("lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll",)
_COMPILING = Lock()
_COMPILER_ERROR = re.compile(r"^(?P<file>.+?)\((?P<line>\d+),\d+\): error (?P<message>CS\d+: .*)$")


def missing_tools() -> str | None:
    """What to install before policies can be compiled, or None."""
    if shutil.which("mono") and shutil.which("mcs") and _json_library():
        return None
    return "apt-get install -y --no-install-recommends mono-mcs libnewtonsoft-json5.0-cil"


def _json_library() -> Path | None:
    mono = shutil.which("mono")
    prefix = Path(mono).resolve().parent.parent if mono else Path("/usr")
    candidates = [prefix / library for library in _JSON_LIBRARIES]
    return next((library for library in candidates if library.is_file()), None)


class _Workshop:
    """A directory for compiled files, removed when the process ends."""

    def __init__(self) -> None:
        missing = missing_tools()
        library = _json_library()
        if missing or library is None:
            raise MonoMissing(f"mono, mcs or Newtonsoft.Json not found; install them: {missing}")
        directory = TemporaryDirectory(prefix="apim_policies_")
        atexit.register(directory.cleanup)
        self.path = Path(directory.name)
        # mono looks for a referenced library next to the program.
        shutil.copy(library, self.path)


@cache
def _workshop() -> _Workshop:
    return _Workshop()


def engine() -> Path:
    """engine.exe, compiled once per process."""
    # Policies may be loaded in several threads at once; the first one compiles.
    with _COMPILING:
        return _compiled_engine()


@cache
def _compiled_engine() -> Path:
    program = _workshop().path / "engine.exe"
    _mcs(sorted(_ENGINE_SOURCES.glob("*.cs")), program, references=())
    return program


def compile_expressions(expressions: Sequence[Expression], name: str) -> Path:
    """A library of all expressions. InvalidPolicies has the compiler's errors at policy lines."""
    reference = engine()
    source = _workshop().path / f"{name}.cs"
    library = source.with_suffix(".dll")
    source.write_text(csharp(expressions), encoding="utf-8")
    _mcs([source], library, references=(reference,))
    return library


def check_types(library: Path, expressions: Sequence[Expression]) -> list[Finding]:
    """Uses of types and members that the gateway does not allow."""
    command = ["mono", str(engine()), "types", str(library), str(_ALLOWED_TYPES)]
    lines = _run(command).stdout.splitlines()
    return [_forbidden(line, expressions) for line in lines]


def _forbidden(line: str, expressions: Sequence[Expression]) -> Finding:
    method, _, member = line.partition(" ")
    text = expressions[int(method[1:])].text
    message = f"{member} is not among the types that policy expressions may use"
    return Finding(file=text.file, line=_line_of(member, text), message=message)


def _line_of(member: str, text: Text) -> int:
    """Compiled code has no lines: the first line that names the member, else the expression's."""
    name = re.findall(r"\w+", member.removesuffix("..ctor"))[-1]
    named = re.search(rf"\b{name}\b", text.value)
    return text.line + (text.value.count("\n", 0, named.start()) if named else 0)


def _mcs(sources: Sequence[Path], output: Path, *, references: Sequence[Path]) -> None:
    target = "library" if output.suffix == ".dll" else "exe"
    command = ["mcs", f"-langversion:{LANGUAGE_VERSION}", f"-target:{target}", "-optimize+"]
    libraries = [output.parent / "Newtonsoft.Json.dll", *references]
    command += [f"-r:{library}" for library in libraries] + ["-r:System.Xml.Linq", "-nowarn:162"]
    result = _run([*command, f"-out:{output}", *map(str, sources)], check=False)
    if result.returncode != 0:
        raise InvalidPolicies(_compiler_errors(result.stdout + result.stderr, sources[0]))


def _compiler_errors(output: str, source: Path) -> list[Finding]:
    found = [match for line in output.splitlines() if (match := _COMPILER_ERROR.match(line))]
    if not found:
        return [Finding(file=source.name, line=0, message=output.strip())]
    return [
        Finding(file=Path(error["file"]).name, line=int(error["line"]), message=error["message"])
        for error in found
    ]


def _run(command: Sequence[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=check, timeout=COMPILE_TIMEOUT_S
    )
