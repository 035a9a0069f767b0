"""Activations, losses, bits, vectors and waves from Python, against NumPy and SciPy."""

import math
import re

import numpy as np
import pytest
import scipy.special

from emberharmony import ops

RNG = np.random.default_rng(5)
GRID = np.concatenate([np.linspace(-30, 30, 401), [-1e4, -745.0, 0.0, -0.0, 1e-12, 1e4]])


def array(tensor):
    return np.asarray(tensor)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("sigmoid", scipy.special.expit),
        ("relu", lambda x: np.maximum(x, 0)),
        ("softplus", lambda x: np.logaddexp(0, x)),
        ("silu", lambda x: x * scipy.special.expit(x)),
        ("gelu", lambda x: x * scipy.special.ndtr(x)),
        ("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
        ("leaky_relu", lambda x: np.where(x > 0, x, 0.01 * x)),
    ],
)
def test_activations(name, reference, dtype):
    x = GRID.astype(dtype)
    found = array(getattr(ops, name)(ops.asarray(x)))
    assert found.dtype == dtype
    # erf loses what gelu of large negative numbers is made of; the error stays below an ulp of x.
    tolerance = 4 * np.finfo(dtype).eps
    absolute = 16 * tolerance if name == "gelu" else 1e-300
    expected = reference(x.astype("float64"))
    np.testing.assert_allclose(found, expected.astype(dtype), rtol=tolerance, atol=absolute)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name, axis):
    x = RNG.normal(size=(4, 5, 6)) * 100
    found = array(getattr(ops, name)(ops.asarray(x), axis=axis))
    expected = getattr(scipy.special, name)(x, axis=axis)
    # SciPy's rounds logarithms of probabilities next to 1.
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=2e-16)


def test_log_softmax_of_a_sure_class():
    found = array(ops.log_softmax(ops.asarray([0.0, -50.0])))
    np.testing.assert_allclose(found, [-math.exp(-50), -50], rtol=1e-15)


def keras_losses(name, truth, prediction):
    """The formulas, element by element, in NumPy."""
    error = prediction - truth
    return {
        "mse": error**2,
        "mean_absolute_error": np.abs(error),
        "huber_loss": scipy.special.huber(1.0, error),
        "log_cosh_loss": np.logaddexp(error, -error) - np.log(2),
        "binary_crossentropy": -(truth * np.log(prediction) + (1 - truth) * np.log(1 - prediction)),
    }[name]


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "name",
    ["mse", "mean_absolute_error", "huber_loss", "log_cosh_loss", "binary_crossentropy"],
)
def test_elementwise_losses(name, axis, keepdims):
    truth = RNG.uniform(size=(3, 4))
    prediction = RNG.uniform(0.01, 0.99, size=(3, 4))
    found = getattr(ops, name)(
        ops.asarray(truth), ops.asarray(prediction), axis=axis, keepdims=keepdims
    )
    expected = np.mean(keras_losses(name, truth, prediction), axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(array(found), expected, rtol=1e-13)
    assert found.shape == np.shape(expected)


def test_crossentropies():
    logits = RNG.normal(size=(5, 3))
    p = scipy.special.softmax(logits, axis=-1)
    classes = np.array([0, 2, 1, 1, 0])
    one_hot = np.eye(3)[classes]
    expected = -np.log(p[np.arange(5), classes])
    for y_true, function in [
        (one_hot, ops.categorical_crossentropy),
        (classes, ops.sparse_categorical_crossentropy),
    ]:
        y_true = ops.asarray(y_true)
        rows = function(y_true, ops.asarray(logits), from_logits=True, axis=-1)
        np.testing.assert_allclose(array(rows), expected, rtol=1e-14)
        assert float(function(y_true, ops.asarray(p))) == pytest.approx(expected.mean(), rel=1e-14)
    y = ops.asarray([0.0, 1.0, 0.25])
    z = ops.asarray([-800.0, 800.0, 3.0])
    bce = ops.binary_crossentropy(y, z, True, axis=())
    np.testing.assert_allclose(array(bce), [0, 0, np.logaddexp(0, 3) - 0.75], rtol=1e-15)
    assert ops.mean_squared_error is ops.mse


def test_close():
    x = np.array([1.0, np.nan, np.inf, -np.inf, 1e-9, 5.0])
    y = np.array([1.0 + 5e-6, np.nan, np.inf, np.inf, 0.0, 5.1])
    for equal_nan in (False, True):
        found = ops.isclose(ops.asarray(x), ops.asarray(y), equal_nan=equal_nan)
        assert array(found).tolist() == np.isclose(x, y, equal_nan=equal_nan).tolist()
    assert ops.allclose(ops.asarray([0.1], dtype="float32"), 0.1) is True
    assert ops.allclose(ops.asarray([1 + 1j]), ops.asarray([1 + 2j])) is False
    assert ops.allclose(ops.asarray([1.0, 2.0]), ops.asarray([1.0, 2.5]), atol=0.5, rtol=0)


def test_vectors():
    x, y = RNG.normal(size=(2, 4, 3))
    a, b = ops.asarray(x), ops.asarray(y)
    np.testing.assert_allclose(array(ops.normalize_vector(a)), x / np.linalg.norm(x), rtol=1e-14)
    lengths = np.linalg.norm(x, axis=1)
    unit = array(ops.normalize_vector(a, axis=1))
    np.testing.assert_allclose(unit, x / lengths[:, None], rtol=1e-14)
    np.testing.assert_allclose(
        array(ops.euclidean_distance(a, b, axis=0)), np.linalg.norm(x - y, axis=0), rtol=1e-14
    )
    cosine = np.sum(x * y, axis=1) / lengths / np.linalg.norm(y, axis=1)
    np.testing.assert_allclose(array(ops.cosine_similarity(a, b, axis=-1)), cosine, rtol=1e-13)
    assert ops.cosine_similarity(a, b).shape == ()
    decay = ops.exponential_decay(ops.asarray([1.0, 2.0]), 0.5, 3)
    np.testing.assert_allclose(array(decay), np.exp(-1.5) * np.array([1, 2]), rtol=1e-15)


def test_waves():
    wave = RNG.normal(size=1000)
    energies = (wave.reshape(10, 100) ** 2).sum(axis=1)
    expected = 1 / (1 + energies.var() / energies.mean())
    stability = ops.compute_energy_stability(ops.asarray(wave))
    assert isinstance(stability, float)
    assert stability == pytest.approx(expected, rel=1e-13)

    first, second = RNG.normal(size=(2, 150))
    difference = np.angle(np.fft.fft(first) * np.conj(np.fft.fft(second)))
    strength = np.corrcoef(first, second)[0, 1] * (1 - np.abs(difference).mean() / np.pi)
    found = ops.compute_interference_strength(ops.asarray(first), ops.asarray(second))
    assert found == pytest.approx(strength, rel=1e-12)
    spectra = np.fft.rfft(first) * np.conj(np.fft.rfft(second))
    kept = (np.fft.rfftfreq(150) >= 0.095) & (np.fft.rfftfreq(150) <= 0.305)
    coherence = np.abs((spectra / np.abs(spectra))[kept].mean())
    found = ops.compute_phase_coherence(ops.asarray(first), ops.asarray(second), (0.095, 0.305))
    assert found == pytest.approx(coherence, rel=1e-12)
    partial = ops.partial_interference(ops.asarray(first), ops.asarray(second))
    assert partial.shape == (51,)
    assert float(partial[7]) == ops.compute_interference_strength(
        ops.asarray(first[7:107]), ops.asarray(second[7:107])
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_bits(dtype):
    info = np.iinfo(dtype)
    x = RNG.integers(info.min, info.max, size=50, dtype=dtype, endpoint=True)
    width = info.bits
    unsigned = x.astype(f"uint{width}")
    python = [int(value) for value in unsigned]
    tensor = ops.asarray(x)
    everything = 2**width - 1
    for shift in (0, 1, width - 1, width, 3 * width + 2, -1):
        turn = shift % width
        left = [(v << turn | v >> (width - turn)) & everything for v in python]
        right = [(v >> turn | v << (width - turn)) & everything for v in python]
        for found, expected in [
            (ops.rotate_left(tensor, shift), left),
            (ops.rotate_right(tensor, shift), right),
        ]:
            assert array(found).dtype == dtype
            assert [int(v) for v in array(found).astype(unsigned.dtype)] == expected
    zeros = [width - value.bit_count() for value in python]
    assert array(ops.count_zeros(tensor)).tolist() == zeros
    for position in (0, 1, width - 1):
        bits = [value >> position & 1 for value in python]
        assert array(ops.get_bit(tensor, position)).tolist() == bits
        on = array(ops.set_bit(tensor, position)).astype(unsigned.dtype)
        assert [int(v) for v in on] == [v | 1 << position for v in python]
        off = array(ops.set_bit(tensor, position, 0)).astype(unsigned.dtype)
        assert [int(v) for v in off] == [v & ~(1 << position) for v in python]
        toggled = array(ops.toggle_bit(tensor, position)).astype(unsigned.dtype)
        assert [int(v) for v in toggled] == [v ^ 1 << position for v in python]


def test_binary_waves():
    waves = [ops.asarray([12, 1]), ops.asarray([10, 1]), ops.asarray([9, 1])]
    assert array(ops.binary_wave_interference(waves)).tolist() == [15, 1]
    assert array(ops.binary_wave_interference(waves, mode="and")).tolist() == [8, 1]
    assert array(ops.binary_wave_interference(tuple(waves), "or")).tolist() == [15, 1]
    moved = ops.binary_wave_propagate(ops.asarray([8, 8, 8]), ops.asarray([1, 0, -2]))
    assert array(moved).tolist() == [16, 8, 2]
    assert array(ops.create_duty_cycle(8, 0.25)).tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert ops.generate_blocky_sin(5, 2).dtype == ops.int32
    p, q, t = ops.binary_split(0, 3)
    assert 426880 * math.sqrt(10005) * float(q) / float(t) == pytest.approx(math.pi, rel=1e-15)
    assert float(p) == 1155  # (1 * 1 * 5) * (7 * 3 * 11)
    assert array(ops.left_shift(ops.asarray([1, 2]), 3)).tolist() == [8, 16]
    assert array(ops.right_shift(ops.asarray([-8, 9]), 1)).tolist() == [-4, 4]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ops.softmax(x, axis=1), ValueError, "axis"),
        (lambda x: ops.sigmoid(ops.asarray([1j])), TypeError, "complex128"),
        (lambda x: ops.gelu(x, approximate="fast"), ValueError, "fast"),
        (lambda x: ops.mse(x, ops.asarray([[1.0], [2.0], [3.0]])), ValueError, "(3, 1)"),
        (lambda x: ops.huber_loss(x, x, delta=-1), ValueError, "delta"),
        (
            lambda x: ops.sparse_categorical_crossentropy(ops.asarray([3]), x[None]),
            IndexError,
            "0 to 2",
        ),
        (lambda x: ops.get_bit(ops.asarray([1]), 64), IndexError, "63"),
        (lambda x: ops.get_bit(x, 1), TypeError, "float64"),
        (lambda x: ops.rotate_left(ops.asarray([1]), 1, 65), ValueError, "65"),
        (lambda x: ops.compute_energy_stability(x[None]), ValueError, "rank 1"),
        (lambda x: ops.partial_interference(x, x), ValueError, "window_size"),
        (lambda x: ops.compute_phase_coherence(x, x, (1,)), TypeError, "pair"),
        (lambda x: ops.create_duty_cycle(3, 2.0), ValueError, "duty cycle"),
        (lambda x: ops.binary_wave_interference([]), ValueError, "at least one"),
    ],
)
def test_mistakes_are_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call(ops.asarray([1.0, 2.0, 3.0]))
