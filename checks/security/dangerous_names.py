"""Names whose import by a pickle has no use but to run, read, write or reach something.

Sources: the modules of Python's standard library and their documentation; advisories against
picklescan on GitHub (GHSA-4r9r-ch6f-vxmx, GHSA-m273-6v24-x4m4, GHSA-r8g5-cgf2-4m4m and those
listed beside them), which show by which detours scanners with lists of forbidden names were
passed; Zhu et al., "My Model is Malware to You", 2025, on functions of torch and others.
"""

from __future__ import annotations

import re

RUNS_COMMAND = "runs a command of the system"
RUNS_CODE = "runs Python code"
LOADS = "loads another file or pickle"
FILES = "reads, writes or deletes files"
NETWORK = "opens a network connection"
NATIVE = "calls native code or memory"
PROCESS = "acts on processes or threads"
INSTALLS = "installs or builds packages"
REACHES = "reaches any attribute by name"
INTERPRETER = "changes the interpreter"

_MODULES = {
    RUNS_COMMAND: """
        os posix nt subprocess _posixsubprocess pty commands popen2 platform._syscmd_ver
        platform.popen _osx_support _aix_support asyncio pexpect sh plumbum fabric paramiko
        invoke uuid._get_command_stdout ctypes.util pydoc.pipepager pydoc.tempfilepager
        nturl2path.os multiprocessing.util.spawnv_passfds antigravity webbrowser
        numpy.distutils setuptools.command distutils.spawn test.support.script_helper docker
        pwn cgitb.os numba.core.runtime
    """,
    RUNS_CODE: """
        runpy code codeop bdb pdb cProfile profile trace timeit doctest pydoc lib2to3
        idlelib rlcompleter importlib imp pkgutil types.CodeType types.FunctionType
        types.LambdaType types.MethodType types.new_class new.function new.code marshal
        ast.literal_eval.__globals__ inspect gc dis sched.scheduler symtable unittest this
        numpy.testing numpy.f2py numpy.f2py.crackfortran numpy.ma.testutils pandas.eval
        pandas.core.computation pandas.core.frame.DataFrame.eval
        pandas.core.frame.DataFrame.query sympy.sympify sympy.core.sympify sympy.parsing
        sympy.parse_expr sympy.utilities.lambdify sympy.lambdify sympy.printing.preview
        jinja2 mako IPython cython pyximport cffi execjs js2py logging.config
        string.Formatter _pyrepl turtle.config_dict functools.reduce itertools.starmap
        builtins.map builtins.filter functools.cmp_to_key concurrent multiprocessing
        joblib.externals.loky joblib.parallel _frozen_importlib _frozen_importlib_external
        zipimport
    """,
    LOADS: """
        pickle _pickle cPickle pickletools shelve dbm dill.load dill.loads dill._dill.load
        dill._dill.loads cloudpickle.load cloudpickle.loads joblib.load
        joblib.numpy_pickle.load joblib.numpy_pickle_utils numpy.load numpy.lib.npyio
        numpy.lib._npyio_impl numpy.fromregex numpy.loadtxt numpy.genfromtxt
        numpy.lib.format pandas.read_pickle pandas.io pandas.read_csv
        pandas.compat.pickle_compat pandas.read_parquet pandas.HDFStore pandas.ExcelFile
        yaml ruamel.yaml jsonpickle xml keras.models keras.saving transformers.pipelines
        skops.io sklearn.datasets
    """,
    FILES: """
        io.open io.FileIO io.open_code _io.open _io.FileIO _io.open_code _pyio shutil
        tempfile glob fileinput linecache codecs.open zipfile tarfile gzip bz2.open
        bz2.BZ2File lzma.open lzma.LZMAFile mmap filecmp csv.reader sqlite3 distutils
        numpy.memmap numpy.save numpy.savez numpy.savetxt numpy.fromfile
        numpy.ndarray.tofile numpy.core.memmap numpy.DataSource numpy.lib._datasource
        numpy.lib.recfunctions.os joblib.dump joblib.memory logging.FileHandler
        logging.handlers netrc pathlib.os pathlib.Path.unlink pathlib.Path.write_text
        pathlib.Path.write_bytes pathlib.Path.open pathlib.Path.rename pathlib.Path.rmdir
        pathlib.Path.touch pathlib.Path.chmod pathlib.Path.symlink_to pathlib.Path.read_text
        pathlib.Path.read_bytes pathlib.Path.mkdir pathlib.Path.replace compileall
        py_compile wave aifc mailbox setuptools
    """,
    NETWORK: """
        socket _socket ssl _ssl socketserver urllib urllib2 http httplib ftplib smtplib
        poplib imaplib nntplib telnetlib requests httpx aiohttp urllib3 websocket websockets
        twisted boto3 botocore select selectors xmlrpclib xmlrpc wsgiref SimpleHTTPServer
        BaseHTTPServer
    """,
    NATIVE: """
        ctypes _ctypes _ctypes_test cffi.FFI numpy.ctypeslib mmap.mmap numba llvmlite
    """,
    PROCESS: """
        signal threading _thread thread dummy_threading _posixshmem resource faulthandler
        _xxsubinterpreters _interpreters atexit
    """,
    INSTALLS: """
        pip ensurepip venv virtualenv easy_install conda _distutils_hack pkg_resources
        numpy.distutils
    """,
    REACHES: """
        operator.attrgetter operator.methodcaller _operator.attrgetter
        _operator.methodcaller operator.itemgetter.__class__ operator.call _operator.call
        inspect.getattr_static builtins.setattr builtins.delattr builtins.vars
        builtins.globals builtins.locals operator.setitem operator.delitem weakref.finalize
    """,
    INTERPRETER: """
        sys _sys site sitecustomize usercustomize builtins.__dict__ __builtin__.__dict__
        warnings.sys copyreg.add_extension copyreg.pickle copyreg.constructor
        codecs.register _codecs.register readline
    """,
}

_TORCH = {
    RUNS_COMMAND: """
        utils.collect_env _inductor utils.cpp_extension
    """,
    RUNS_CODE: """
        jit.unsupported_tensor_ops utils._config_module utils.bottleneck fx package
        utils.benchmark _dynamo utils.data.datapipes.utils distributed.elastic testing
        utils._import_utils jit.frontend jit._script jit.CompilationUnit onnx library export
    """,
    LOADS: """
        load serialization.load hub jit.load jit._serialization ops _ops classes
        serialization distributed.checkpoint storage.pickle package.PackageImporter
    """,
    FILES: """
        save from_file storage.UntypedStorage.from_file
    """,
    NATIVE: """
        ops.load_library _C._jit cuda._lazy_call
    """,
}
"""The same of torch, below its own name."""

_BUILTINS = {
    RUNS_CODE: "eval exec compile execfile __import__ apply breakpoint __build_class__ reload help",
    FILES: "open file",
    PROCESS: "exit quit input raw_input",
    REACHES: "dir __dict__ memoryview super",
}

MODULES = (
    {name: doing for doing, names in _MODULES.items() for name in names.split()}
    | {f"torch.{name}": doing for doing, names in _TORCH.items() for name in names.split()}
    | {
        f"{module}.{name}": doing
        for doing, names in _BUILTINS.items()
        for name in names.split()
        for module in ("builtins", "__builtin__", "__builtins__", "torch.builtins")
    }
)
"""What a name does, by the name or by any module above it."""

_IMPORTED = """os posix nt sys subprocess builtins __builtin__ __builtins__ shutil importlib
    runpy pty socket ctypes pickle _pickle marshal inspect code pdb asyncio multiprocessing"""
_ON_THE_WAY = frozenset(_IMPORTED.split())
"""Modules that others import: `torch.serialization.os.system` is `os.system`."""

_DUNDER = re.compile(r"__\w+__")
_HARMLESS_DUNDER = frozenset({"__main__", "__mp_main__", "__new__", "__newobj__", "__newobj_ex__"})


def danger(name: str) -> str | None:
    """What importing a name is good for; None for a name that is no known danger."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        doing = MODULES.get(".".join(parts[:length]))
        if doing is not None:
            return doing
    for place, part in enumerate(parts[1:], start=1):
        if part in _ON_THE_WAY:
            return danger(".".join(parts[place:])) or RUNS_CODE
        if _DUNDER.fullmatch(part) and part not in _HARMLESS_DUNDER:
            return REACHES
    return None
