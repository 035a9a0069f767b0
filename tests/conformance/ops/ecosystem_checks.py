"""scikit-learn and SciPy computing with our tensors as with NumPy arrays; prints a JSON report.

Runs in a process of its own (test_ecosystem.py starts it), because SciPy reads SCIPY_ARRAY_API when
it is imported. Each check gives a value computed from NumPy arrays and one from the tensors of the
namespace under test; both must agree, and the second must be of its type.
"""

import json
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft
import scipy.special
import scipy.stats
import sklearn
from ops_case import xp
from sklearn import decomposition, discriminant_analysis, linear_model, metrics, preprocessing
from sklearn.model_selection import train_test_split

CHECKS: dict[str, Callable[[Callable[[np.ndarray], Any]], Any]] = {}
GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(60, 4)) @ GENERATOR.normal(size=(4, 4)) + np.arange(4)
Y = X @ np.asarray([1.0, -2.0, 0.5, 3.0]) + GENERATOR.normal(size=60)
# In single precision, with one column in other units: what is computed in float32 all the way loses
# the small components.
X_SINGLE = (X * np.asarray([1, 1, 1000, 1])).astype(np.float32)
CLASSES = np.digitize(X[:, 0], [-0.5, 1.0]).astype(np.int64)
GUESSES = np.where(GENERATOR.random(60) < 0.7, CLASSES, GENERATOR.integers(0, 3, 60))
SIGNAL = GENERATOR.normal(size=(3, 32))


def check(name: str) -> Callable:
    def keep(f: Callable) -> Callable:
        CHECKS[name] = f
        return f

    return keep


def estimator(
    name: str,
    make: Callable[[], Any],
    *steps: str,
    target: np.ndarray | None = None,
    values: np.ndarray = X,
):
    """A check that fits an estimator and compares its attributes and its outputs."""

    @check(name)
    def run(to: Callable) -> Any:
        data = to(values)
        fitted = make()
        fitted.fit(data, *([] if target is None else [to(target)]))
        results = []
        for step in steps:
            if step.endswith("_"):
                results.append(getattr(fitted, step))
            elif step == "inverse_transform":
                results.append(fitted.inverse_transform(fitted.transform(data)))
            else:
                results.append(getattr(fitted, step)(data))
        return results


for _solver in ("full", "covariance_eigh"):
    estimator(
        f"PCA, {_solver}",
        lambda solver=_solver: decomposition.PCA(n_components=3, svd_solver=solver),
        "components_",
        "explained_variance_",
        "explained_variance_ratio_",
        "mean_",
        "transform",
        "inverse_transform",
    )
for _solver in ("full", "covariance_eigh", "auto"):
    estimator(
        f"PCA, {_solver}, float32",
        lambda solver=_solver: decomposition.PCA(n_components=3, svd_solver=solver),
        "components_",
        "explained_variance_",
        "explained_variance_ratio_",
        values=X_SINGLE,
    )
estimator(
    "PCA, whiten",
    lambda: decomposition.PCA(n_components=2, whiten=True),
    "transform",
    "components_",
)
estimator(
    "PCA, randomized",
    lambda: decomposition.PCA(
        n_components=2, svd_solver="randomized", random_state=0, power_iteration_normalizer="QR"
    ),
    "explained_variance_",
)
for _name, _steps in {
    "StandardScaler": ("mean_", "var_", "scale_", "transform", "inverse_transform"),
    "MinMaxScaler": ("min_", "scale_", "data_range_", "transform", "inverse_transform"),
    "MaxAbsScaler": ("scale_", "transform"),
    "Normalizer": ("transform",),
    "Binarizer": ("transform",),
    "PolynomialFeatures": ("transform",),
}.items():
    estimator(_name, getattr(preprocessing, _name), *_steps)
estimator(
    "Ridge",
    lambda: linear_model.Ridge(alpha=0.5, solver="svd"),
    "coef_",
    "intercept_",
    "predict",
    target=Y,
)
estimator(
    "Ridge, float32",
    lambda: linear_model.Ridge(alpha=0.5, solver="svd"),
    "coef_",
    "predict",
    target=Y.astype(np.float32),
    values=X_SINGLE,
)
estimator(
    "LinearDiscriminantAnalysis, float32",
    lambda: discriminant_analysis.LinearDiscriminantAnalysis(solver="svd"),
    "predict",
    "predict_proba",
    target=CLASSES,
    values=X_SINGLE,
)
estimator(
    "LinearDiscriminantAnalysis",
    lambda: discriminant_analysis.LinearDiscriminantAnalysis(solver="svd"),
    "transform",
    "predict",
    "predict_proba",
    "explained_variance_ratio_",
    target=CLASSES,
)


@check("LabelEncoder")
def _labels(to: Callable) -> Any:
    encoder = preprocessing.LabelEncoder()
    codes = encoder.fit_transform(to(CLASSES * 10 + 3))
    return [codes, encoder.classes_, encoder.inverse_transform(codes)]


@check("train_test_split")
def _split(to: Callable) -> Any:
    return train_test_split(to(X), to(Y), random_state=0)


def metric(name: str, *operands: np.ndarray, **options: Any) -> None:
    CHECKS[f"metrics.{name}"] = lambda to: getattr(metrics, name)(*map(to, operands), **options)


for _name in ("mean_squared_error", "mean_absolute_error", "r2_score", "max_error"):
    metric(_name, Y, Y + 0.25 * X[:, 1])
for _name in (
    "root_mean_squared_error",
    "explained_variance_score",
    "mean_pinball_loss",
    "d2_absolute_error_score",
    "median_absolute_error",
    "mean_absolute_percentage_error",
):
    metric(_name, Y, Y + 0.25 * X[:, 1])
for _name in ("mean_squared_log_error", "mean_poisson_deviance", "mean_gamma_deviance"):
    metric(_name, np.abs(Y) + 1, np.abs(Y) + 1 + np.abs(X[:, 1]))
for _name in ("accuracy_score", "zero_one_loss", "confusion_matrix", "balanced_accuracy_score"):
    metric(_name, CLASSES, GUESSES)
for _name in ("f1_score", "precision_score", "recall_score", "jaccard_score"):
    metric(_name, CLASSES, GUESSES, average="macro")
SCORES = np.where(GENERATOR.random(60) < 0.7, CLASSES > 0, CLASSES == 0) + X[:, 1] / 9
for _name in ("roc_curve", "roc_auc_score", "det_curve", "average_precision_score"):
    metric(_name, (CLASSES > 0).astype(np.int64), SCORES)
PAIRWISE = ("cosine_similarity", "cosine_distances", "euclidean_distances", "rbf_kernel")
PAIRWISE += ("linear_kernel", "polynomial_kernel", "sigmoid_kernel", "additive_chi2_kernel")
PAIRWISE += ("paired_cosine_distances", "paired_euclidean_distances", "laplacian_kernel")
for _name in PAIRWISE:
    _second = np.abs(X) if "paired" in _name or "chi2" in _name else np.abs(X[:20])
    CHECKS[f"pairwise.{_name}"] = lambda to, f=_name, y=_second: getattr(metrics.pairwise, f)(
        to(np.abs(X)), to(y)
    )


def spectrum(x: np.ndarray) -> np.ndarray:
    return x + 1j * x[::-1]


for _name in ("fft", "ifft", "fftn", "ifftn", "fft2", "ifft2", "hfft", "irfft", "irfftn"):
    CHECKS[f"scipy.fft.{_name}"] = lambda to, f=_name: getattr(scipy.fft, f)(to(spectrum(SIGNAL)))
for _name in ("rfft", "rfftn", "rfft2", "ihfft", "dct", "idct", "dst", "fftshift", "ifftshift"):
    CHECKS[f"scipy.fft.{_name}"] = lambda to, f=_name: getattr(scipy.fft, f)(to(SIGNAL))
CHECKS["scipy.fft.fft, n, norm"] = lambda to: scipy.fft.fft(
    to(spectrum(SIGNAL)), n=40, norm="ortho"
)
CHECKS["scipy.fft.rfft, axis"] = lambda to: scipy.fft.rfft(to(SIGNAL), axis=0, norm="forward")

STATISTICS: dict[str, Callable[[Any, Callable], Any]] = {
    "skew": lambda f, to: f(to(SIGNAL), axis=-1),
    "kurtosis": lambda f, to: f(to(SIGNAL), axis=-1, bias=False),
    "moment": lambda f, to: f(to(SIGNAL), order=3, axis=-1),
    "zscore": lambda f, to: f(to(SIGNAL), axis=-1),
    "zmap": lambda f, to: f(to(SIGNAL), to(SIGNAL[:, ::2]), axis=-1),
    "gmean": lambda f, to: f(to(np.abs(SIGNAL)), axis=-1),
    "hmean": lambda f, to: f(to(np.abs(SIGNAL)), axis=-1),
    "pmean": lambda f, to: f(to(np.abs(SIGNAL)), 1.5, axis=-1),
    "gstd": lambda f, to: f(to(np.abs(SIGNAL)), axis=-1),
    "sem": lambda f, to: f(to(SIGNAL), axis=-1),
    "variation": lambda f, to: f(to(SIGNAL), axis=-1),
    "entropy": lambda f, to: f(to(np.abs(SIGNAL)), axis=-1),
    "tmean": lambda f, to: f(to(SIGNAL), (-1, 1), axis=-1),
    "tvar": lambda f, to: f(to(SIGNAL), (-1, 1), axis=-1),
    "tstd": lambda f, to: f(to(SIGNAL), (-1, 1), axis=-1),
    "tmin": lambda f, to: f(to(SIGNAL), -1, axis=-1),
    "tmax": lambda f, to: f(to(SIGNAL), 1, axis=-1),
    "ttest_1samp": lambda f, to: f(to(SIGNAL), 0.1, axis=-1),
    "ttest_ind": lambda f, to: f(to(SIGNAL), to(SIGNAL[::-1] + 0.2), axis=-1),
    "ttest_rel": lambda f, to: f(to(SIGNAL), to(SIGNAL[::-1] + 0.2), axis=-1),
    "pearsonr": lambda f, to: f(to(SIGNAL[0]), to(SIGNAL[1])),
    "describe": lambda f, to: f(to(SIGNAL), axis=-1),
    "skewtest": lambda f, to: f(to(SIGNAL), axis=-1),
    "kurtosistest": lambda f, to: f(to(SIGNAL), axis=-1),
    "normaltest": lambda f, to: f(to(SIGNAL), axis=-1),
    "jarque_bera": lambda f, to: f(to(SIGNAL), axis=-1),
    "chisquare": lambda f, to: f(to(np.asarray([16.0, 18, 16, 14, 12, 12]))),
    "power_divergence": lambda f, to: f(to(np.asarray([16.0, 18, 16, 14, 12, 12])), lambda_=0.5),
    "bartlett": lambda f, to: f(to(SIGNAL[0]), to(SIGNAL[1]), to(SIGNAL[2])),
    "epps_singleton_2samp": lambda f, to: f(to(SIGNAL[0]), to(np.abs(SIGNAL[1]))),
    "combine_pvalues": lambda f, to: f(to(np.asarray([0.01, 0.2, 0.3]))),
    "directional_stats": lambda f, to: f(to(X)).mean_direction,
    "circmean": lambda f, to: f(to(SIGNAL), axis=-1),
    "circvar": lambda f, to: f(to(SIGNAL), axis=-1),
    "circstd": lambda f, to: f(to(SIGNAL), axis=-1),
    "trim_mean": lambda f, to: f(to(SIGNAL), 0.1, axis=-1),
    "rankdata": lambda f, to: f(to(np.round(SIGNAL)), axis=-1),
    "false_discovery_control": lambda f, to: f(to(np.asarray([0.01, 0.2, 0.03]))),
    "iqr": lambda f, to: f(to(SIGNAL), axis=-1),
    "quantile": lambda f, to: f(to(SIGNAL), to(np.asarray([0.25, 0.5])), axis=-1),
}
for _name, _call in STATISTICS.items():
    if hasattr(scipy.stats, _name):
        CHECKS[f"scipy.stats.{_name}"] = lambda to, c=_call, n=_name: c(getattr(scipy.stats, n), to)
for _name in ("logsumexp", "softmax", "log_softmax"):
    CHECKS[f"scipy.special.{_name}"] = lambda to, f=_name: getattr(scipy.special, f)(
        to(SIGNAL), axis=-1
    )
for _name in ("expit", "gammaln", "erf", "ndtr", "log_ndtr", "entr", "i0", "logit"):
    CHECKS[f"scipy.special.{_name}"] = lambda to, f=_name: getattr(scipy.special, f)(
        to(np.clip(np.abs(SIGNAL), 0.01, 0.99))
    )


def flatten(value: Any) -> list[Any]:
    """The arrays and numbers of a result."""
    if isinstance(value, list | tuple):
        return [item for part in value for item in flatten(part)]
    if hasattr(value, "__dict__") and not hasattr(value, "dtype"):
        return [item for part in vars(value).values() for item in flatten(part)]
    return [value] if isinstance(value, int | float) or hasattr(value, "dtype") else []


def compare(expected: Any, found: Any) -> str:
    """What differs, or nothing."""
    theirs, mine = flatten(expected), flatten(found)
    if len(theirs) != len(mine):
        return f"expected {len(theirs)} values, found {len(mine)}"
    array_type = type(xp.zeros(1))
    for one, other in zip(theirs, mine, strict=True):
        if isinstance(one, np.ndarray) and one.ndim and not isinstance(other, array_type):
            return f"expected {array_type.__name__}, found {type(other).__name__}"
        a, b = np.asarray(one), np.asarray(other)
        if a.shape != b.shape:
            return f"expected shape {a.shape}, found {b.shape}"
        # Distances of a point to itself are square roots of rounding errors.
        # In single precision they are those of SciPy's decompositions, which computes in it.
        close = 1e-4 if a.dtype == np.float32 else 1e-6
        if not np.allclose(a, b, rtol=close, atol=close, equal_nan=True):
            worst = np.max(np.abs(a - b))
            few = (a.reshape(-1)[:4], b.reshape(-1)[:4])
            return f"values differ by up to {worst}: expected {few[0]}, found {few[1]}"
    return ""


def main() -> None:
    report = {}
    warnings.simplefilter("ignore")
    for name, run in CHECKS.items():
        try:
            with sklearn.config_context(array_api_dispatch=False):
                expected = run(np.asarray)
            with sklearn.config_context(array_api_dispatch=True):
                report[name] = compare(expected, run(xp.asarray))
        except Exception:
            report[name] = traceback.format_exc(limit=-6)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
