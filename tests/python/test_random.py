"""ops.random: what the bindings add to the C++ tests, and the distributions against SciPy's."""

import concurrent.futures
import re

import numpy
import pytest
import scipy.stats

from emberharmony import ops

SEED = 20261126


def values(tensor):
    return numpy.asarray(tensor)


# One in 10^6 seeds would fail such a test; these do not.
ALARM = 1e-6


@pytest.mark.parametrize(
    ("draw", "reference"),
    [
        (lambda n: ops.random.uniform(n, 2, 5, seed=SEED), scipy.stats.uniform(2, 3)),
        (lambda n: ops.random.normal(n, -1, 0.5, seed=SEED), scipy.stats.norm(-1, 0.5)),
        (lambda n: ops.random.normal(n, dtype="float32", seed=SEED), scipy.stats.norm()),
        (lambda n: ops.random.exponential(n, 4, seed=SEED), scipy.stats.expon(scale=4)),
        (lambda n: ops.random.gamma(n, 0.3, 2, seed=SEED), scipy.stats.gamma(0.3, scale=2)),
        (lambda n: ops.random.gamma(n, 300, 2, seed=SEED), scipy.stats.gamma(300, scale=2)),
        (lambda n: ops.random.beta(n, 0.5, 3, seed=SEED), scipy.stats.beta(0.5, 3)),
        (lambda n: ops.random.laplace(n, 1, 3, seed=SEED), scipy.stats.laplace(1, 3)),
    ],
)
def test_continuous_distributions(draw, reference):
    sample = values(draw(200_000)).astype("float64")
    assert scipy.stats.kstest(sample, reference.cdf).pvalue > ALARM


@pytest.mark.parametrize(
    ("draw", "reference"),
    [
        (lambda n: ops.random.poisson(n, 3.3, seed=SEED), scipy.stats.poisson(3.3)),
        (lambda n: ops.random.poisson(n, 12345.6, seed=SEED), scipy.stats.poisson(12345.6)),
        (lambda n: ops.random.binomial(n, 40, 0.1, seed=SEED), scipy.stats.binom(40, 0.1)),
        (lambda n: ops.random.binomial(n, 10**6, 0.7, seed=SEED), scipy.stats.binom(10**6, 0.7)),
        (lambda n: ops.random.integers(n, -5, 5, seed=SEED), scipy.stats.randint(-5, 5)),
    ],
)
def test_discrete_distributions(draw, reference):
    sample = values(draw(200_000))
    edges = numpy.unique(reference.ppf(numpy.linspace(0.01, 0.99, 40)))
    expected = numpy.diff(numpy.concatenate([[0], reference.cdf(edges), [1]])) * sample.size
    found = numpy.bincount(numpy.searchsorted(edges, sample), minlength=edges.size + 1)
    kept = expected > 0
    assert found[~kept].sum() == 0
    assert scipy.stats.chisquare(found[kept], expected[kept]).pvalue > ALARM


def test_the_layout_is_philox_by_position():
    """NumPy's Philox is the 64-bit variant, so the reference is written out here."""

    def philox(counter, key):
        for _ in range(10):
            first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
            counter = [
                (second >> 32) ^ counter[1] ^ key[0],
                second & 0xFFFFFFFF,
                (first >> 32) ^ counter[3] ^ key[1],
                first & 0xFFFFFFFF,
            ]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        return counter

    seed, stream = 0x0123456789ABCDEF, 0x00055A5AA5A5
    words = values(ops.random.bits(40, dtype="uint32", seed=seed, stream=stream))
    expected = [
        word
        for block in range(10)
        for word in philox(
            [block, 0, stream & 0xFFFFFFFF, stream >> 32], [seed & 0xFFFFFFFF, seed >> 32]
        )
    ]
    assert words.tolist() == expected
    wide = values(ops.random.bits(20, seed=seed, stream=stream))
    assert wide.view("uint32").tolist() == expected
    unit = values(ops.random.uniform(20, seed=seed, stream=stream))
    assert unit.tolist() == [int(bits) // 2**11 / 2**53 for bits in wide]


def test_calls_follow_the_seed():
    ops.random.set_seed(5)
    first = values(ops.random.normal((2, 3)))
    second = values(ops.random_normal((2, 3)))
    assert not (first == second).any()
    assert ops.get_seed() == 5
    ops.set_seed(5)
    assert (values(ops.random_normal((2, 3), stddev=1.0)) == first).all()
    assert (values(ops.random.normal((2, 3), seed=5, stream=1)) == second).all()


def test_threads_do_not_change_numbers():
    before = ops.get_num_threads()
    try:
        drawn = []
        for threads in (1, 2, 3):
            ops.set_num_threads(threads)
            drawn.append(values(ops.random.gamma(100_001, 2.5, seed=1)))
    finally:
        ops.set_num_threads(before)
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] == drawn[2]).all()


def test_calls_from_several_threads_draw_different_numbers():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: float(ops.random.uniform(())), range(400)))
    assert len(set(drawn)) == 400


def test_flat_names_take_dtype_by_position():
    assert ops.random_uniform((2,), -1.0, 1.0, ops.float32).dtype == ops.float32
    assert ops.random_bernoulli(3).dtype == ops.bool
    assert ops.random_gamma((2, 2), 2.0).shape == (2, 2)
    assert ops.random_exponential(3, 1.0, "float32").dtype == ops.float32
    assert ops.random_poisson((4,), 2.0).dtype == ops.int64
    assert ops.random_categorical(ops.asarray([[0.0, 1.0]]), 7).shape == (1, 7)
    assert sorted(values(ops.random_permutation(6)).tolist()) == [0, 1, 2, 3, 4, 5]
    assert sorted(values(ops.shuffle(ops.asarray([3, 1, 2]))).tolist()) == [1, 2, 3]


def test_choice_and_permutation_of_tensors():
    x = numpy.arange(12.0).reshape(4, 3)
    order = values(ops.random.permutation(4, seed=2))
    assert (values(ops.random.permutation(ops.asarray(x), seed=2)) == x[order]).all()
    columns = values(ops.random.permutation(3, seed=2))
    mixed = ops.random.permutation(ops.asarray(x), axis=-1, seed=2)
    assert (values(mixed) == x[:, columns]).all()
    rows = ops.random.choice(ops.asarray(x), (2, 2), seed=3)
    assert rows.shape == (2, 2, 3)
    p = ops.asarray([0.0, 0.0, 1.0, 0.0])
    assert values(ops.random.choice(4, 3, p=p)).tolist() == [2, 2, 2]
    assert sorted(values(ops.random.choice(4, 4, replace=False)).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.random.uniform(3, 1, 0), ValueError, "low 1 and high 0"),
        (lambda: ops.random.normal(3, std=-1), ValueError, "std"),
        (lambda: ops.random.normal(3, dtype=ops.int32), TypeError, "int32"),
        (lambda: ops.random.normal(3, 1j), TypeError, "real"),
        (lambda: ops.random.normal((3,), ops.asarray([1.0, 2.0])), ValueError, "broadcasts"),
        (lambda: ops.random.integers(3, 5, 5), ValueError, "low 5 and high 5"),
        (lambda: ops.random.integers(3, 0, 2.5), TypeError, "2.5"),
        (lambda: ops.random.poisson(3, -1), ValueError, "lam"),
        (lambda: ops.random.choice(3, 4, replace=False), ValueError, "without replacement"),
        (lambda: ops.random.uniform(-3), ValueError, "-3"),
        (lambda: ops.random.uniform(2**62), ValueError, "2^63"),
        (lambda: ops.random.uniform(2, seed=2**64), ValueError, "seed"),
        (lambda: ops.random.uniform(2, seed=1, stream=-1), ValueError, "stream"),
        (lambda: ops.random.set_seed(-1), ValueError, "seed"),
        (lambda: ops.random.set_seed(1.5), TypeError, "float"),
        (lambda: ops.random.uniform(2, device="cuda"), ValueError, "cuda"),
    ],
)
def test_mistakes_are_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
