"""Names that unpickling may import without running anything but the building of values.

Sources of the names: `torch/_weights_only_unpickler.py` of PyTorch 2.13 (what `weights_only=True`
allows), and what pickles of NumPy, pandas, SciPy, scikit-learn, XGBoost, LightGBM, statsmodels,
joblib, Lightning and Transformers hold.
"""

from __future__ import annotations

import re

_EXACT = """
    builtins.bool builtins.bytearray builtins.bytes builtins.complex builtins.dict builtins.float
    builtins.frozenset builtins.int builtins.list builtins.object builtins.range builtins.set
    builtins.slice builtins.str builtins.tuple builtins.type builtins.Ellipsis
    builtins.NotImplemented builtins.NoneType builtins.ellipsis
    builtins.len builtins.max builtins.min builtins.sum builtins.abs builtins.round
    builtins.print builtins.staticmethod builtins.classmethod builtins.property
    copyreg._reconstructor copyreg.__newobj__ copyreg.__newobj_ex__ copy_reg._reconstructor
    collections.OrderedDict collections.defaultdict collections.deque collections.Counter
    collections.ChainMap collections.UserDict collections.UserList
    datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone
    decimal.Decimal fractions.Fraction uuid.UUID zoneinfo.ZoneInfo._unpickle zoneinfo.ZoneInfo
    pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePath pathlib.PurePosixPath
    pathlib.PureWindowsPath pathlib._local.PosixPath pathlib._local.WindowsPath
    pathlib._local.PurePosixPath pathlib._local.PureWindowsPath pathlib._local.Path
    argparse.Namespace types.SimpleNamespace types.NoneType types.MappingProxyType enum.Enum
    functools.partial operator.itemgetter operator.add operator.mul
    _codecs.encode codecs.encode array._array_reconstructor array.array random.Random math.inf
    math.nan math.log math.exp math.sqrt math.log1p math.log10 math.log2
    logging.getLogger logging.Logger inspect._empty inspect.Signature inspect.Parameter
    inspect._ParameterKind itertools.count itertools.cycle itertools.chain itertools.repeat
    itertools.product builtins.zip builtins.enumerate builtins.reversed builtins.iter
    builtins.getattr string.Template re._compile weakref.WeakKeyDictionary weakref.WeakSet
    dateutil.tz.tz.tzutc dateutil.tz.tz.tzlocal dateutil.tz.tz.tzfile pytz._UTC pytz._p pytz.UTC
    numpy.ndarray numpy.dtype numpy.matrix numpy.recarray numpy.rec.recarray numpy.bool numpy.bool_
    numpy.str_ numpy.bytes_ numpy.void numpy.object_ numpy.generic numpy.datetime64
    numpy.timedelta64 numpy.nan numpy.inf numpy.random.mtrand.RandomState
    numpy.random._generator.Generator numpy.random.bit_generator.SeedSequence
    numpy.random.bit_generator.SeedlessSequence
    numpy.ma._mareconstruct numpy.ma.MaskedArray numpy.ma.core._mareconstruct
    numpy.ma.core.MaskedArray numpy.core.records.recarray numpy._core.records.recarray
    numpy._core.records.record numpy.core.records.record
    numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer
    numpy.core.multiarray._reconstruct numpy._core.multiarray._reconstruct
    numpy.core.multiarray.scalar numpy._core.multiarray.scalar
    numpy.core._ufunc_reconstruct numpy._core._ufunc_reconstruct

    numpy.polynomial.polynomial.Polynomial numpy.poly1d numpy.lib.polynomial.poly1d
    joblib.numpy_pickle.NumpyArrayWrapper joblib.numpy_pickle_compat.NDArrayWrapper
    joblib.numpy_pickle_compat.ZNDArrayWrapper joblib.numpy_pickle.NDArrayWrapper
    torch.Size torch.Tensor torch.device torch.finfo torch.iinfo torch.strided torch.sparse_coo
    torch.sparse_csr torch.per_tensor_affine torch.per_channel_affine torch.Generator
    torch._tensor._rebuild_from_type_v2 torch._tensor._rebuild_from_type
    torch.storage._load_from_bytes
    torch.serialization._get_layout torch.nn.parameter.Parameter torch.nn.parameter.Buffer
    torch.nn.parameter.UninitializedParameter torch.nn.parameter.UninitializedBuffer
    torch.nn.Parameter torch.nn.utils.rnn.PackedSequence torch._C._nn.gelu torch.nn.functional.relu
    torch.nn.functional.gelu torch.nn.functional.silu torch.nn.functional.softmax
    torch.nn.functional.sigmoid torch.nn.functional.tanh torch._C._nn.silu torch.relu torch.tanh
    torch.sigmoid torch.nn.functional.elu torch.nn.functional.leaky_relu
    torch.storage.UntypedStorage torch.storage.TypedStorage torch.storage._TypedStorage
    torch.storage._UntypedStorage
    torch.distributed._shard.sharded_tensor.shard.Shard torch._tensor.Tensor
    torch.torch_version.TorchVersion
    torch.amp.grad_scaler._refresh_per_optimizer_state
    torch.amp.grad_scaler.OptState torch.cuda.amp.grad_scaler._refresh_per_optimizer_state
    torch.cuda.amp.grad_scaler.OptState
    omegaconf.base.ContainerMetadata omegaconf.base.Metadata
    typing.Any typing.Dict typing.List typing.Optional typing.Tuple typing.Union
    lightning_fabric.utilities.data.AttributeDict lightning.fabric.utilities.data.AttributeDict
    pytorch_lightning.utilities.data.AttributeDict pytorch_lightning.utilities.parsing.AttributeDict
    pandas.core.internals.managers._unpickle_block pandas._libs.internals._unpickle_block
    pandas.core.indexes.base._new_Index pandas.core.indexes.datetimes._new_DatetimeIndex
    pandas.core.indexes.period._new_PeriodIndex pandas._libs.arrays.__pyx_unpickle_NDArrayBacked
    pandas._libs.tslibs.timestamps._unpickle_timestamp pandas._libs.tslibs.nattype._nat_unpickle
    pandas._libs.tslibs.timedeltas._timedelta_unpickle pandas._libs.tslibs.period._unpickle_period
    pandas._libs.tslibs.offsets._unpickle_offset pandas._libs.missing.NAType
    pandas._libs.tslibs._unpickle_timestamp
    sklearn.utils._bunch.Bunch sklearn.utils.Bunch
    sklearn.metrics._dist_metrics.newObj sklearn.neighbors._dist_metrics.newObj
    sklearn.neighbors._kd_tree.newObj sklearn.neighbors._ball_tree.newObj
    sklearn.neighbors.kd_tree.newObj sklearn.neighbors.ball_tree.newObj
    sklearn.neighbors.dist_metrics.newObj sklearn.metrics._scorer._passthrough_scorer
    sklearn.feature_selection._univariate_selection.f_classif
    sklearn.feature_selection._univariate_selection.f_regression
    sklearn.feature_selection._univariate_selection.chi2
    sklearn.feature_selection._mutual_info.mutual_info_classif
    sklearn.feature_selection._mutual_info.mutual_info_regression
    polars.dataframe.frame.DataFrame polars.series.series.Series polars.lazyframe.frame.LazyFrame
    pyarrow.lib._reconstruct_table pyarrow.lib.type_for_alias pyarrow.lib.schema
    pyarrow.lib.field pyarrow.lib.chunked_array pyarrow.lib._restore_array
    pyarrow.lib.py_buffer pyarrow.lib.int64 pyarrow.lib.string pyarrow.lib.large_string
    transformers.training_args.TrainingArguments transformers.trainer_utils.IntervalStrategy
    transformers.trainer_utils.SchedulerType transformers.trainer_utils.HubStrategy
    transformers.trainer_utils.SaveStrategy transformers.trainer_utils.EvaluationStrategy
    transformers.training_args.OptimizerNames transformers.trainer_pt_utils.AcceleratorConfig
    transformers.integrations.deepspeed.HfTrainerDeepSpeedConfig
    transformers.integrations.deepspeed.HfDeepSpeedConfig
    accelerate.utils.dataclasses.DistributedType accelerate.state.PartialState
    accelerate.utils.dataclasses.DeepSpeedPlugin
    """

EXACT = frozenset(_EXACT.split())

_FUNCTIONS = (
    "abs absolute add arccos arcsin arctan arctan2 cbrt ceil clip cos cosh divide exp exp2 expm1 "
    "fabs floor hypot identity isfinite isinf isnan log log10 log1p log2 maximum mean median min "
    "max minimum mod multiply nanmax nanmean nanmedian nanmin nanstd nansum nanvar negative power "
    "prod reciprocal rint round sign sin sinh sqrt square std subtract sum tan tanh var"
)

PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"torch\._utils\._rebuild_\w+",
        r"torch\.(?:cuda\.)?\w+Storage",
        r"torch\.(?:cuda\.)?(?:sparse\.)?(?:Half|Float|Double|BFloat16|Long|Int|Short|Char|Byte|Bool)Tensor",
        r"torch\.(?:u?int\d+|float\d+\w*|bfloat16|half|double|bool|q?u?int\d+x?\d*|complex\d+"
        r"|quint\dx\d|bits\w+|per_(?:tensor|channel)_\w+|long|short|float|int)",
        r"numpy\.(?:u?int\w*|float\w+|complex\w+|u?long\w*|u?short|u?byte|half|single|double)",
        r"numpy\.dtypes\.\w+DType",
        r"numpy\.random\._pickle\.__\w+_ctor",
        r"numpy\.random\._(?:mt19937|pcg64|philox|sfc64)\.\w+",
        rf"numpy\.(?:{_FUNCTIONS.replace(' ', '|')})",
        rf"numpy\.(?:_?core\.)?(?:umath|fromnumeric|_methods)\.(?:{_FUNCTIONS.replace(' ', '|')})",
        r"(?:sklearn|pandas|numpy|scipy|statsmodels)\.[\w.]+\.__pyx_unpickle_\w+",
        r"builtins\.(?:[A-Z]\w*(?:Error|Warning|Exception|Iteration)|Exception|BaseException)",
        r"statsmodels\.tsa\.statespace\._\w+\.[sdcz][A-Z]\w+",
        r"(?:scipy\._lib|sklearn\.externals)\.array_api_compat\.numpy\._aliases\.asarray",
        r"pandas\.(?!Excel|HDF)[A-Z]\w*",
        r"scipy\.special\._ufuncs\.\w+",
        r"scipy\.stats\._distn_infrastructure\.rv_\w+",
        r"scipy\.sparse\._?(?:csr|csc|coo|dok|lil|dia|bsr)\.\w+_(?:matrix|array)",
        r"scipy\.sparse\.\w+_(?:matrix|array)",
        r"scipy\.interpolate\._\w+\.interp1d",
        r"scipy\.stats\._(?:continuous|discrete)_distns\.\w+_gen",
    )
)
"""Names told by their form, matched whole."""

_CLASS = r"_?[A-Z]\w*(?:\._?[A-Z]\w*)*"

_PACKAGES = (
    r"sklearn\.(?!datasets|externals|utils\._testing|utils\.parallel|conftest|tests|_build)\w+",
    r"torch\.nn\.(?:modules|utils\.parametrizations|parallel\.data_parallel|intrinsic)",
    r"torch\.optim",
    r"torch\.distributions",
    r"torch\.utils\.data\.(?:dataset|sampler|distributed)",
    r"torchvision\.(?:models|transforms|ops)",
    r"torchmetrics\.(?:classification|regression|metric|aggregation|collections|utilities)",
    r"timm\.(?:layers|models)",
    r"pytorch_lightning\.callbacks",
    r"lightning\.pytorch\.callbacks",
    r"xgboost\.(?:core|sklearn|callback|training)",
    r"lightgbm\.(?:basic|sklearn|callback)",
    r"catboost\.(?:core|utils|_catboost)",
    r"pandas\.core\.(?:frame|series|indexes|internals|arrays|dtypes|generic|indexing)",
    r"pandas\.(?:arrays|tseries)",
    r"pandas\._libs\.(?:internals|tslibs|interval|arrays|index|missing|sparse)",
    r"scipy\.(?:sparse|interpolate|stats|spatial|optimize\._optimize|special)",
    r"statsmodels\.(?:tsa|regression|genmod|discrete|base|stats|robust|tools)",
    r"imblearn\.(?:over_sampling|under_sampling|combine|pipeline|ensemble|base)",
    r"category_encoders",
    r"hmmlearn",
    r"skopt\.(?:space|learning|optimizer)",
    r"optuna\.(?:search_space|study|trial|samplers|pruners|distributions|storages\._in_memory)",
    r"omegaconf",
    r"gymnasium\.spaces|gym\.spaces",
    r"prophet\.(?:forecaster|diagnostics)",
    r"pmdarima\.(?:arima|pipeline|preprocessing)",
    r"arch\.(?:univariate|bootstrap|unitroot)",
    r"hyperopt\.(?:base|pyll\.base)",
    r"ml_debugger\.artifacts",
    r"exchange_calendars",
    r"pandas_market_calendars",
)

CLASSES = tuple(re.compile(rf"{package}\.(?:\w+\.)*{_CLASS}") for package in _PACKAGES)
"""Classes of packages whose instances hold parameters and fitted values, matched whole."""

MEMBERS = tuple(re.compile(rf"{package}\.[\w.]+") for package in _PACKAGES)
"""Anything of these packages: a function of theirs that is only stored runs nothing."""


def is_safe(name: str) -> bool:
    """Whether a name is one of those that only build values."""
    return name in EXACT or any(pattern.fullmatch(name) for pattern in PATTERNS)


def is_class_of_known_package(name: str) -> bool:
    """Whether a name has the form of a class in a package whose instances only hold values."""
    return any(pattern.fullmatch(name) for pattern in CLASSES)


def is_of_known_package(name: str) -> bool:
    """Whether a name belongs to a package whose functions only compute."""
    return any(pattern.fullmatch(name) for pattern in MEMBERS)
