"""`pulumi-language-python` for the sandbox: runs the program in this very Python and reports its errors.

The released host cannot be built from a module that the registries give. Protocol: pulumirpc.LanguageRuntime
(https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto); errors are shown as the released
host shows them: of a RunError its message alone, of any other exception its traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi import RunError, log
from pulumi.runtime import reset_options, resource, run_in_stack, set_all_config
from pulumi.runtime.proto import (
    LanguageRuntimeServicer,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
    source_pb2,
)

_MESSAGE_BYTES = 400 * 1024 * 1024


class LanguageHost(LanguageRuntimeServicer):
    """One program run in one process."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        # None: the providers are attached, so that the engine has nothing to fetch.
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return language_pb2.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        # The environment that `uv sync` made is the one that runs.
        del request, context
        return iter(())

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        version = ".".join(str(part) for part in sys.version_info[:3])
        return language_pb2.AboutResponse(executable=sys.executable, version=version)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        reset_options(
            project=request.project,
            monitor_address=request.monitor_address,
            engine_address=request.args[0] if request.args else "",
            stack=request.stack,
            parallel=request.parallel,
            preview=request.dryRun,
            organization=request.organization or "organization",
        )
        set_all_config(dict(request.config), list(request.configSecretKeys) or None)
        folder = Path(request.info.program_directory or request.pwd)
        reported = _run(folder, request.info.entry_point or ".", max(request.parallel, 1))
        # `bail`: the program ended in an error that has been shown already.
        return language_pb2.RunResponse(bail=reported)


def end_stack_traces_at(entry: Path) -> None:
    """Of the stack that the SDK keeps with each resource, leave out what lies below the program's first line.

    Those frames are this host's, the same for every resource, and near two fifths of the state, which the
    engine writes anew at each step.
    """
    # The SDK, which is pinned, has no setting for it.
    whole = resource._get_stack_trace  # pyright: ignore[reportPrivateUsage]
    first = entry.as_uri()

    def program_frames() -> source_pb2.StackTrace:
        frames = whole().frames
        own = [index for index, frame in enumerate(frames) if frame.pc.uri == first]
        return source_pb2.StackTrace(frames=frames[: own[-1] + 1] if own else frames)

    resource._get_stack_trace = program_frames  # pyright: ignore[reportPrivateUsage]


def _run(folder: Path, entry_point: str, parallel: int) -> bool:
    """Run the program to its end; whether it failed, in which case the engine's log has the error."""
    entry = folder / entry_point
    end_stack_traces_at(entry / "__main__.py" if entry.is_dir() else entry)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [str(entry)]

    def program() -> None:
        # A `None` lets runpy find `__main__.py` in a folder as well as run a file.
        runpy.run_path(str(entry), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=parallel * 4))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(run_in_stack(program))
    except RunError as error:
        log.error(str(error))
        return True
    except grpc.RpcError as error:
        # The engine is shutting down: it knows why, and says so itself.
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            log.error(f"the program lost the engine: {error.details()}")
        return True
    except SystemExit as error:
        if error.code in {None, 0}:
            return False
        log.error(f"Program exited with non-zero exit code: {error.code}")
        return True
    except BaseException as error:
        log.error(program_error(error, folder))
        return True
    finally:
        _drain(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return False


def program_error(error: BaseException, folder: Path) -> str:
    """The traceback from the program's own first line on: the frames before it are this host's."""
    own = error.__traceback__
    resolved = folder.resolve()
    step: TracebackType | None = own
    while step is not None:
        if Path(step.tb_frame.f_code.co_filename).resolve().is_relative_to(resolved / "__main__.py"):
            own = step
            break
        step = step.tb_next
    text = "".join(traceback.format_exception(type(error), error, own))
    return f"Program failed with an unhandled exception:\n{text}"


def _drain(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what an error left pending, or closing the loop complains of each task on stdout."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            loop.run_until_complete(task)
    loop.close()


def _end_with_parent(parent: int) -> None:
    """An engine that is killed says no goodbye: its host follows."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Serve, print the port for the engine, and stay until it ends."""
    limits = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    print(port, flush=True)  # noqa: T201 - the engine reads it
    ended.wait()
    server.stop(grace=1.0).wait()
    # Threads of a cancelled program must not hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
