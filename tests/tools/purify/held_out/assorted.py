"""Code of other fields: physics, finance, graphs, recommenders, geometry, games."""

from dataclasses import dataclass, field

import numpy as np
from numpy.linalg import eigh, norm as length


@dataclass
class Body:
    mass: float
    position: list = field(default_factory=lambda: np.zeros(3))  #: safe
    velocity: list = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))  #: safe

    def energy(self):
        return 0.5 * self.mass * np.dot(self.velocity, self.velocity)  #: safe

    def move(self, step):
        self.position = self.position + step * self.velocity


def orbit():
    body = Body(2.0)
    for _ in range(3):
        body.move(0.1)
    return body.position, body.energy()


def leapfrog(x, v4, a):
    positions = [v4]
    speed = np.zeros_like(v4)  #: safe
    for _ in range(4):
        speed = speed - a * np.sin(positions[-1]) * 0.05  #: safe
        positions.append(positions[-1] + speed)
    return np.stack(positions)  #: safe


def lattice_energy(labels):
    spins = np.where(labels % 2 == 0, 1, -1).reshape(3, 4)  #: safe
    right, down = np.roll(spins, -1, axis=1), np.roll(spins, -1, axis=0)  #: safe safe
    return -np.sum(spins * (right + down))  #: safe


def heat(short):
    grid = np.zeros((2, 7))  #: safe
    grid[0, 1:-1] = short
    for step in range(1):
        grid[step + 1, 1:-1] = 0.5 * (grid[step, 2:] + grid[step, :-2])
    return grid


def rotation(a):
    c, s = np.cos(a), np.sin(a)  #: safe safe
    return np.array([[c, -s], [s, c]])  #: safe


def angle_between(x, y):
    cosine = np.dot(x, y) / (length(x) * length(y))  #: safe safe safe
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))  #: missing safe safe


def bounding_box(m):
    return {"low": np.min(m, axis=0).tolist(), "high": np.max(m, axis=0).tolist()}  #: safe safe


def centroid(m):
    return tuple(np.mean(m[:, :2], axis=0))  #: safe


def area(x, y):
    return 0.5 * np.abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))  #: safe safe safe safe safe


def nearest(m, v4):
    return int(np.argmin(np.linalg.norm(m - v4, axis=1)))  #: safe safe


def convex(m):
    order = np.lexsort((m[:, 1], m[:, 0]))  #: missing
    return m[order]


def log_returns(w):
    return np.diff(np.log(w))  #: safe safe


def volatility(w):
    return np.std(np.diff(np.log(w)), ddof=1) * np.sqrt(252)  #: safe safe safe safe


def sharpe(x) -> float:
    excess = x - 0.01
    return np.mean(excess) / np.std(excess)  #: review:consumer review:consumer


def sharpe_number(x) -> float:
    excess = x - 0.01
    return float(np.mean(excess) / np.std(excess))  #: safe safe


def value_at_risk(x):
    return -np.percentile(x, 5)  #: safe


def compound(x):
    return np.prod(1 + x / 100) - 1  #: safe


def portfolio(m, v4):
    covariance = np.cov(m, rowvar=False)  #: safe
    return np.sqrt(v4 @ covariance @ v4)  #: safe


def exponential_average(x):
    result = np.empty(len(x))  #: safe
    result[0] = x[0]
    for k in range(1, len(x)):
        result[k] = 0.3 * x[k] + 0.7 * result[k - 1]
    return result


def monte_carlo(k):
    rng = np.random.default_rng(k)  #: review:random
    draws = rng.standard_normal((4, 10))  #: review:random
    return np.mean(np.maximum(draws, 0), axis=1)  #: safe safe


def present_value(w):
    discount = np.power(1.05, -np.arange(1, len(w) + 1))  #: safe safe
    return np.sum(w * discount)  #: safe


def laplacian(s):
    adjacency = np.abs(s) - np.diag(np.diag(np.abs(s)))  #: safe safe safe safe
    degree = np.sum(adjacency, axis=1)  #: safe
    return np.diag(degree) - adjacency  #: safe


def page_rank(s):
    weights = np.abs(s)  #: safe
    transition = weights / weights.sum(axis=0, keepdims=True)
    rank = np.full(4, 0.25)  #: safe
    for _ in range(20):
        rank = 0.15 / 4 + 0.85 * np.matmul(transition, rank)  #: safe
    return rank


def spectral(s):
    values, _ = eigh(s)  #: safe
    return values[np.nonzero(values > 1e-9)]  #: safe


def adjacency_from_edges(i, j):
    table = np.zeros((10, 10), dtype=np.int8)  #: safe safe
    table[i, j] = 1
    return np.maximum(table, table.T)  #: safe


def shortest(s):
    distance = np.where(np.abs(s) > 1, np.abs(s), np.inf)  #: safe safe safe safe
    for k in range(4):
        distance = np.minimum(distance, distance[:, k, None] + distance[None, k, :])  #: safe
    return distance


def degree_table(i):
    nodes, number = np.unique(i, return_counts=True)  #: review:argument
    return dict(zip(nodes.tolist(), number.tolist(), strict=True))


def similarity(m):
    unit = m / np.linalg.norm(m, axis=1)[:, None]  #: review:in-place
    similar = unit @ unit.T
    np.fill_diagonal(similar, 0)  #: review:in-place
    return similar


def recommend(m, k):
    scores = np.dot(m, m[0])  #: safe
    return np.argpartition(scores, -k)[-k:].shape  #: missing


def factorize(m):
    u, s, vt = np.linalg.svd(m, full_matrices=False)  #: safe
    return (u[:, :2] * s[:2]) @ vt[:2]


def rating_bias(m_holes):
    overall = np.nanmean(m_holes)  #: safe
    return np.nan_to_num(np.nanmean(m_holes, axis=1) - overall)  #: missing safe


def term_weights(i):
    table = np.bincount(i, minlength=10).astype(float)  #: safe
    return np.log1p(table) / np.log1p(table).max()  #: safe safe


def bag_of_words():
    vocabulary = {"red": 0, "green": 1}
    counts = np.zeros(len(vocabulary))  #: safe
    for word in ("red", "red", "green"):
        counts[vocabulary[word]] += 1
    return counts


def words_array():
    return np.char.upper(np.array(["a", "b"])).tolist()  #: missing review:text


def epsilon_greedy(x, k):
    np.random.seed(k)  #: review:random
    if np.random.rand() < 0.1:  #: review:random
        return np.random.randint(len(x))  #: review:random
    return int(np.argmax(x))  #: safe


def discounted(x):
    powers = 0.9 ** np.arange(len(x))  #: safe
    return np.cumsum((x * powers)[::-1])[::-1] / powers  #: safe


def softmax_choice(x):
    p = np.exp(x - np.max(x))  #: safe safe
    p /= p.sum()
    return p


def replay_buffer(x):
    memory = {"state": np.zeros((5, 2), dtype=np.float32), "size": 0}  #: safe safe
    memory["state"][0] = x[:2]
    return memory["state"]


def board():
    cells = np.zeros((3, 3), dtype=int)  #: safe
    cells[1, 1] = 1
    return np.all(np.diag(cells) == 1), np.any(np.sum(cells, axis=0) == 3)  #: safe safe safe safe


def life(b):
    world = b.astype(int).reshape(3, 4)
    shifts = [np.roll(np.roll(world, dy, 0), dx, 1) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]  #: safe safe
    around = sum(shifts) - world
    return (around == 3) | ((world == 1) & (around == 2))


def mandelbrot():
    re, im = np.meshgrid(np.linspace(-2, 1, 6), np.linspace(-1, 1, 5))  #: safe safe safe
    c = re + 1j * im
    z = np.zeros_like(c)  #: safe
    count = np.zeros(c.shape, dtype=int)  #: safe
    for _ in range(5):
        z = z * z + c
        count += np.abs(z) < 2  #: safe
    return count


def dither(image):
    work = image.astype(np.float64)  #: safe
    return np.where(work > 127, 255, 0).astype(np.uint8)  #: safe safe


def crop(image):
    rows = np.any(image > 200, axis=1)  #: safe
    first, last = np.where(rows)[0][[0, -1]]  #: safe
    return image[first : last + 1]


def normalise_image(image):
    low, high = np.percentile(image, (2, 98))  #: safe
    return np.clip((image - low) / (high - low), 0, 1)  #: safe


def moving_extremes(x):
    view = np.lib.stride_tricks.sliding_window_view(x, 3)  #: safe
    return view.max(axis=1), np.median(view, axis=1)  #: safe


def interpolation(t, x):
    order = np.argsort(t)  #: safe
    return np.interp(12.0, t[order], x[order])  #: missing


def fitted(x, y):
    design = np.vstack([x, np.ones(len(x))]).T  #: safe safe
    slope, intercept = np.linalg.lstsq(design, y, rcond=None)[0]  #: safe
    return slope, intercept


def bootstrap(x):
    generator = np.random.RandomState(1)  #: review:random
    return np.mean([np.mean(generator.choice(x, len(x))) for _ in range(3)])  #: safe safe review:random


def timed(x):
    stamps = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")  #: review
    return len(stamps)


def cache_key(x):
    return hash(np.sum(x)) is not None  #: review:consumer


def table_of_results(m):
    rows = [(k, np.mean(row)) for k, row in enumerate(m)]  #: safe
    return max(value for _, value in rows)


def logged(x):
    message = "mean %0.3f, largest %d" % (np.mean(x), np.argmax(x))  #: safe safe
    return message


def joined(x):
    return ", ".join(f"{value:.2f}" for value in np.sort(x)[:3])  #: safe


def as_float_list(x):
    return [float(value) for value in np.round(x)]  #: safe


def integer_steps(a):
    return range(int(np.floor(a)), int(np.ceil(a)) + 2)  #: safe safe


def sized(x):
    return np.zeros(int(np.sqrt(x.size))), np.ones(x.shape)  #: safe safe safe


def unchanged_input(x):
    result = x.copy()
    np.clip(result, -1, 1, out=result)  #: review:out
    return result


def squeezed(m):
    return np.squeeze(np.take(m, [0], axis=0)), np.expand_dims(m, 0).shape  #: safe safe safe


def logical_masks(x, y):
    mask = np.logical_and(x > 0, y > 0) | np.isclose(x, y)  #: safe safe
    return x[mask], np.count_nonzero(mask)  #: safe


def partial_sums(m):
    return np.add.reduceat(m[:, 0], [0, 2, 4])  #: missing


def with_finfo(x):
    return x / (np.linalg.norm(x) + np.finfo(np.float32).eps)  #: safe safe safe


def typed_empty():
    return np.empty(0, dtype=np.intp).shape  #: safe safe
