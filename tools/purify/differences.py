"""What names and signatures cannot tell about NumPy and ops; mapping.py derives the rest.

Each table is small on purpose: whatever can be read from the two libraries is read from them. The
tests run every mapped function of both libraries, so a line that is missing here fails there.
"""

# Functions of NumPy under another name in ops, where NumPy does not say itself that two names are
# one function (as it does of arcsin and asin).
OTHER_NAMES = {
    "numpy.amax": "max",
    "numpy.amin": "min",
    "numpy.around": "round",
    "numpy.cross": "linalg.cross",
    "numpy.lib.stride_tricks.sliding_window_view": "sliding_window_view",
    "numpy.outer": "linalg.outer",
    "numpy.rint": "round",
    "numpy.trace": "linalg.trace",
    "numpy.unique": "unique_values",
}

# Names that NumPy 2 has removed, which older code still has, and what they were.
REMOVED = {
    "numpy.Inf": "numpy.inf",
    "numpy.NaN": "numpy.nan",
    "numpy.alltrue": "numpy.all",
    "numpy.bool8": "numpy.bool_",
    "numpy.complex_": "numpy.complex128",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.float_": "numpy.float64",
    "numpy.in1d": "numpy.isin",
    "numpy.infty": "numpy.inf",
    "numpy.product": "numpy.prod",
    "numpy.row_stack": "numpy.vstack",
    "numpy.sometrue": "numpy.any",
}

# Parameters of one meaning and two names.
OTHER_PARAMETERS = {
    "a_max": "max",
    "a_min": "min",
    "ddof": "correction",
    "indices_or_sections": "num_or_size_splits",
}

# Parameters that change how fast NumPy is, and no value.
SPEED_ONLY = {"assume_unique", "kind", "optimize", "overwrite_input"}

# Parameters with a reason of their own; every other one that ops lacks has the reason "argument".
REASON_OF_PARAMETER = {
    "casting": "dtype",
    "dtype": "dtype",
    "like": "object",
    "order": "order",
    "out": "out",
    "where": "where",
}

# Pairs of defaults that mean the same: NumPy's, and that of ops.
SAME_DEFAULTS = {
    ("axis", "None", "-1"),  # of vecdot and cross, which take vectors along the last axis
    ("correction", "None", "0.0"),
    ("dtype", "float", "None"),
    ("kind", "None", "None"),
    ("norm", "None", "'backward'"),
    ("density", "None", "False"),
    ("stable", "None", "True"),
}

# Functions whose values differ although their signatures agree, and what a person should know.
OTHER_MEANING = {
    "numpy.can_cast": "ops follows the array API standard's rules of promotion",
    "numpy.isdtype": "ops has dtypes of its own",
    "numpy.linalg.eig": "NumPy's are real where all eigenvalues are, those of ops always complex; "
    "ops.linalg.eigh is for symmetric matrices",
    "numpy.linalg.eigvals": "NumPy's are real where all eigenvalues are, those of ops always "
    "complex; ops.linalg.eigvalsh is for symmetric matrices",
    "numpy.linalg.pinv": "NumPy ignores singular values below 1e-15 of the largest, "
    "ops those below max(M, N) eps",
    "numpy.outer": "np.outer flattens its arguments, ops.linalg.outer takes vectors only",
    "numpy.result_type": "ops returns a dtype of its own",
    "numpy.trace": "np.trace sums along axes 0 and 1, ops.linalg.trace along the last two",
    "numpy.unique": "each NaN is an element of its own in ops.unique_values; unique_all, "
    "unique_counts and unique_inverse stand for the options",
}

# Functions that flatten an array where no axis is given, and need one in ops unless the rank is 1.
FLATTENS = {"cumprod", "cumsum", "take"}
# Those, and functions that flatten with axis=None, which ops does not take.
NEEDS_AXIS = FLATTENS | {"argsort", "cumulative_prod", "cumulative_sum", "sort"}

# Names that both have, for different things.
OTHER_THING = {"numpy.dtype": "np.dtype makes a dtype, ops.dtype(x) tells that of a tensor"}

# NumPy's name, a call on random x (a vector of floats), y, i (integers), m (a matrix), and the same
# with ops. The tests run both.
RECIPES = {
    "numpy.add.accumulate": ("np.add.accumulate(x)", "ops.cumulative_sum(x)"),
    "numpy.add.outer": ("np.add.outer(x, y)", "ops.add(x[:, None], y[None, :])"),
    "numpy.add.reduce": ("np.add.reduce(x)", "ops.sum(x)"),
    "numpy.angle": ("np.angle(x + 1j * y)", "ops.atan2(y, x)"),
    "numpy.append": ("np.append(x, y)", "ops.concat([x, y])"),
    "numpy.argwhere": ("np.argwhere(x > 0)", "ops.stack(ops.nonzero(x > 0), axis=-1)"),
    "numpy.array_equal": ("np.array_equal(x, x)", "x.shape == y.shape and bool(ops.all(x == x))"),
    "numpy.ascontiguousarray": ("np.ascontiguousarray(m.T)", "ops.copy(m.T)"),
    "numpy.atleast_1d": ("np.atleast_1d(x)", "ops.reshape(x, (-1,)) if x.ndim == 0 else x"),
    "numpy.cbrt": ("np.cbrt(x)", "ops.sign(x) * ops.abs(x) ** (1 / 3)"),
    "numpy.column_stack": ("np.column_stack([x, y])", "ops.stack([x, y], axis=1)"),
    "numpy.deg2rad": ("np.deg2rad(x)", "x * (ops.pi / 180)"),
    "numpy.degrees": ("np.degrees(x)", "x * (180 / ops.pi)"),
    "numpy.digitize": (
        "np.digitize(x, [-1, 0, 1])",
        'ops.searchsorted([-1, 0, 1], x, side="right")',
    ),
    "numpy.ediff1d": ("np.ediff1d(x)", "ops.diff(x)"),
    "numpy.exp2": ("np.exp2(x)", "ops.pow(2.0, x)"),
    "numpy.fabs": ("np.fabs(x)", "ops.abs(x)"),
    "numpy.fix": ("np.fix(x)", "ops.trunc(x)"),
    "numpy.flatnonzero": ("np.flatnonzero(x > 0)", "ops.nonzero(ops.ravel(x > 0))[0]"),
    "numpy.fliplr": ("np.fliplr(m)", "ops.flip(m, axis=1)"),
    "numpy.flipud": ("np.flipud(m)", "ops.flip(m, axis=0)"),
    "numpy.geomspace": (
        "np.geomspace(1, 8, 4)",
        "ops.exp(ops.linspace(ops.log(1.0), ops.log(8.0), 4))",
    ),
    "numpy.hanning": ("np.hanning(8)", "ops.hann_window(8, periodic=False)"),
    "numpy.hamming": ("np.hamming(8)", "ops.hamming_window(8, periodic=False)"),
    "numpy.heaviside": ("np.heaviside(x, 0.5)", "(ops.sign(x) + 1) / 2"),
    "numpy.identity": ("np.identity(3)", "ops.eye(3)"),
    "numpy.linalg.cond": ("np.linalg.cond(m)", "(lambda s: s[0] / s[-1])(ops.linalg.svdvals(m))"),
    "numpy.linalg.multi_dot": ("np.linalg.multi_dot([m, m.T, m])", "m @ m.T @ m"),
    "numpy.logspace": ("np.logspace(0, 2, 5)", "ops.pow(10.0, ops.linspace(0, 2, 5))"),
    "numpy.maximum.accumulate": (
        "np.maximum.accumulate(x)",
        "ops.max(ops.where(ops.tril(ops.ones((5, 5))) > 0, x[None, :], -ops.inf), axis=1)",
    ),
    "numpy.maximum.reduce": ("np.maximum.reduce(x)", "ops.max(x)"),
    "numpy.minimum.reduce": ("np.minimum.reduce(x)", "ops.min(x)"),
    "numpy.multiply.outer": ("np.multiply.outer(x, y)", "ops.linalg.outer(x, y)"),
    "numpy.multiply.reduce": ("np.multiply.reduce(x)", "ops.prod(x)"),
    "numpy.nan_to_num": ("np.nan_to_num(x)", "ops.where(ops.isnan(x), 0.0, x)"),
    "numpy.nancumsum": ("np.nancumsum(x)", "ops.cumulative_sum(ops.where(ops.isnan(x), 0.0, x))"),
    "numpy.nanargmax": ("np.nanargmax(x)", "ops.argmax(ops.where(ops.isnan(x), -ops.inf, x))"),
    "numpy.nanargmin": ("np.nanargmin(x)", "ops.argmin(ops.where(ops.isnan(x), ops.inf, x))"),
    "numpy.ndim": ("np.ndim(m)", "m.ndim"),
    "numpy.partition": ("np.partition(x, 2)[2]", "ops.sort(x)[2]"),
    "numpy.rad2deg": ("np.rad2deg(x)", "x * (180 / ops.pi)"),
    "numpy.radians": ("np.radians(x)", "x * (ops.pi / 180)"),
    "numpy.rot90": ("np.rot90(m)", "ops.flip(ops.matrix_transpose(m), axis=0)"),
    "numpy.select": ("np.select([x > 0], [x], 0.0)", "ops.where(x > 0, x, 0.0)"),
    "numpy.sinc": (
        "np.sinc(x)",
        "ops.where(x == 0, 1.0, ops.sin(ops.pi * x) / (ops.pi * x))",
    ),
    "numpy.size": ("np.size(m)", "m.size"),
    "numpy.subtract.outer": ("np.subtract.outer(x, y)", "ops.subtract(x[:, None], y[None, :])"),
    "numpy.trapezoid": ("np.trapezoid(x, y)", "ops.sum(ops.diff(y) * (x[1:] + x[:-1]) / 2)"),
    "numpy.trapz": ("np.trapezoid(x)", "ops.sum((x[1:] + x[:-1]) / 2)"),
    "numpy.unwrap": (
        "np.unwrap(x)",
        "x - ops.concat([[0.0], ops.cumulative_sum(2 * ops.pi * ops.round("
        "ops.diff(x) / (2 * ops.pi)))])",
    ),
    "numpy.vander": ("np.vander(x, 3)", "ops.pow(x[:, None], ops.asarray([2, 1, 0]))"),
    "numpy.vdot": ("np.vdot(x, y)", "ops.vecdot(ops.ravel(x), ops.ravel(y))"),
}

# What stands for NumPy's random state. The numbers are others, so a person has to choose it.
RANDOM_RECIPES = {
    "choice": "ops.random.choice(x, shape)",
    "default_rng": "ops.random.set_seed(seed), or seed= and stream= of each function",
    "normal": "ops.random.normal(shape, mean, std)",
    "permutation": "ops.random.permutation(x)",
    "rand": "ops.random.uniform(shape)",
    "randint": "ops.random.integers(shape, low, high)",
    "randn": "ops.random.normal(shape)",
    "random": "ops.random.uniform(shape)",
    "random_sample": "ops.random.uniform(shape)",
    "seed": "ops.random.set_seed(seed)",
    "shuffle": "x = ops.random.shuffle(x)",
    "standard_normal": "ops.random.normal(shape)",
    "uniform": "ops.random.uniform(shape, low, high)",
}

# Results that may share memory with an argument, in one of the two libraries at least.
VIEWS = {
    "asarray",
    "broadcast_arrays",
    "broadcast_to",
    "diag",
    "einsum",
    "diagonal",
    "expand_dims",
    "flip",
    "imag",
    "linalg.diagonal",
    "linalg.matrix_transpose",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "ravel",
    "real",
    "reshape",
    "sliding_window_view",
    "split",
    "array_split",
    "squeeze",
    "swapaxes",
    "transpose",
    "unstack",
}

# Methods of arrays that tensors have too, but that do something else.
OTHER_METHODS = {"sort": "sorts in place in NumPy, and returns a sorted copy in ops"}

# Functions of NumPy that call the method of that name which their argument has: of a tensor they
# return a tensor. (Its ufuncs do, too.)
CALLS_METHODS = {
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum",
    "fix", "flip", "max", "mean", "min", "moveaxis", "permute_dims", "prod", "repeat", "rollaxis",
    "squeeze", "std", "sum", "swapaxes", "take_along_axis", "transpose", "var",
}  # fmt: skip

# Functions of NumPy that raise an error where they are given a tensor.
NOT_ON_TENSORS = {"astype", "piecewise"}

# Functions that change their first argument.
CHANGES_FIRST_ARGUMENT = {
    "numpy.copyto",
    "numpy.fill_diagonal",
    "numpy.place",
    "numpy.put",
    "numpy.put_along_axis",
    "numpy.putmask",
    "numpy.random.shuffle",
}
