"""Creation, dtypes, views, and changes in place."""

import numpy as np


def zeros(k):
    return np.zeros(k), np.ones((2, k)), np.full((k, 2), 7.0), np.empty((k, 3)).shape  #: safe safe safe safe


def like(x):
    return np.zeros_like(x), np.ones_like(x), np.full_like(x, 3)  #: safe safe safe


def with_dtype(x):
    return np.array(x, dtype=np.float32), np.asarray(x, dtype="float32")  #: safe safe safe


def with_short_dtype(x):
    return np.array(x, dtype="f4"), np.zeros(3, dtype="<i8")  #: safe safe


def with_python_dtype(i):
    return np.array(i, dtype=float), np.zeros(3, int), np.ones(2, dtype=bool)  #: safe safe safe


def cast(x):
    return x.astype(np.float32), x.astype(np.int64)  #: safe safe


def half(x):
    return np.array(x, dtype=np.float16)  #: review:dtype missing


def half_by_name(x):
    return np.zeros(3, dtype="float16")  #: review:dtype


def scalars():
    return np.float64(3.0), np.int64(2)  #: review:type review:type


def objects():
    return np.array([1, "a", None], dtype=object)  #: review:object


def objects_without_a_dtype():
    return np.array([None, 1])  #: review:object


def ragged():
    return np.array([[1, 2], [3]], dtype=object)  #: review:object


def words():
    return np.array(["red", "green"])  #: review:text


def words_by_dtype(i):
    return np.asarray(i, dtype=str)  #: review:text


def words_by_condition(x):
    return np.where(x > 0, "up", "down")  #: review:text


def words_of_length():
    return np.zeros(3, dtype="U10")  #: review:text


def structured():
    return np.zeros(3, dtype=[("time", "i8"), ("price", "f8")])  #: review:structured


def structured_by_text():
    return np.zeros(3, dtype="i4,f8")  #: review:structured


def structured_by_dtype():
    kind = np.dtype([("a", "i4"), ("b", "f4")])  #: review:type
    return np.zeros(2, dtype=kind)["a"]  #: review:structured


def days():
    return np.arange("2024-01", "2024-02", dtype="datetime64[D]")  #: review


def day():
    return np.datetime64("2024-01-01") + np.timedelta64(1, "D")  #: missing missing


def fortran(m):
    return np.array(m, order="F")  #: review:order


def c_order(m):
    return np.array(m, order="C"), np.ravel(m, order="C")  #: safe safe


def fortran_ravel(m):
    return np.ravel(m, order="F")  #: review:order


def at_least(x):
    return np.array(x, ndmin=2)  #: review:argument


def at_least_function(x):
    return np.atleast_2d(x)  #: missing


def contiguous(m):
    return np.ascontiguousarray(m.T)  #: missing


def from_range(k):
    return np.array(range(k)), np.array([n**2 for n in range(k)])  #: safe safe


def from_map(x):
    return np.array(map(float, x)).shape  #: review:object


def from_generator(x):
    return np.array(value for value in x).shape  #: review:object


def from_fromiter(x):
    return np.fromiter((value for value in x), dtype=float)  #: missing


def from_values():
    table = {"a": 1, "b": 2}
    return np.array(table.values()).shape, np.array(list(table.values()))  #: review:object safe


def from_set():
    return np.array({3, 1, 2}).shape  #: review:object


def output(x):
    result = np.empty_like(x)  #: review:in-place
    np.multiply(x, 2, out=result)  #: review:out
    return result


def output_by_position(x):
    result = np.zeros(12)  #: review:in-place
    np.add(x, 1, result)  #: review:out
    return result


def output_none(x):
    return np.add(x, 1, out=None)  #: safe


def conditional(x):
    return np.divide(1.0, x, where=x != 0, out=np.zeros_like(x))  #: review review:in-place


def conditional_log(w):
    return np.log(w, where=True)  #: safe


def added_in_place(x):
    total = np.zeros(12)  #: safe
    total += x
    return total


def filled_by_slices(x):
    padded = np.zeros(14)  #: safe
    padded[1:-1] = x
    return padded


def filled_by_mask(x):
    cleaned = np.array(x)  #: safe
    cleaned[cleaned < 0] = 0
    return cleaned


def mutated_asarray(x):
    values = np.asarray(x)  #: review:view
    values[0] = 0
    return values


def mutated_ravel(m):
    flat = np.ravel(m)  #: review:view
    flat[::2] = 0
    return m


def mutated_reshape(m):
    flat = np.reshape(m, -1)  #: review:view
    flat += 1
    return m


def mutated_diagonal(s):
    copied = np.array(s)  #: safe
    np.einsum("ii->i", copied)[:] = 0  #: review:view
    return copied


def mutated_fresh():
    table = np.reshape(np.arange(6), (2, 3))  #: safe safe
    table[0, 0] = 9
    return table


def mutated_transpose(m):
    turned = np.transpose(m)  #: review:view
    turned[0] = 0
    return m


def sorted_in_place(x):
    values = np.array(x)  #: review:method
    values.sort()
    return values


def sorted_copy(x):
    values = np.sort(x)  #: safe
    return values[::-1]


def filled(k):
    values = np.empty(k)  #: review:method
    values.fill(3.0)
    return values


def put(x):
    values = np.copy(x)  #: review:in-place
    np.put(values, [0, 2], 0.0)  #: review:in-place
    return values


def placed(x):
    values = np.array(x)  #: review:in-place
    np.putmask(values, values > 0, 0.0)  #: review:in-place
    return values


def copied_to(x):
    values = np.empty(12)  #: review:in-place
    np.copyto(values, x)  #: review:in-place
    return values


def flat_index(m):
    copied = np.array(m)  #: review:method
    copied.flat[0] = 1
    return copied


def viewed(f32):
    return np.array(f32).view(np.int32)  #: review:method review:type


def resized(x):
    return np.resize(x, (3, 5))  #: missing


def appended(x):
    return np.append(x, [1.0, 2.0])  #: missing


def deleted(x):
    return np.delete(x, [0, 1])  #: missing


def collected(m):
    rows = []
    for row in m:
        rows.append(np.cumsum(row))  #: safe
    return np.vstack(rows)  #: safe


def grown(m):
    result = np.empty((0, 4))  #: safe
    for row in m:
        result = np.vstack([result, row])  #: safe
    return result


def methods(m):
    scaled = np.multiply(m, 2)  #: safe
    return scaled.sum(axis=0), scaled.mean(), scaled.T.shape, scaled.reshape(-1).max()


def method_with_decimals(x):
    return np.sqrt(np.abs(x)).round(2)  #: review:method review:method


def method_with_out(m, x):
    scaled = np.multiply(m, 2)  #: review
    scaled.sum(axis=1, out=x[:6])
    return scaled


def attributes(x):
    doubled = np.multiply(x, 2)  #: safe
    return doubled.shape, doubled.ndim, doubled.size, doubled.dtype == np.float64  #: safe


def dtype_kind(x):
    doubled = np.multiply(x, 2)  #: safe
    return doubled.dtype.kind


def to_list(x):
    return np.square(x).tolist()  #: safe


def to_bytes(i):
    return np.negative(i).tobytes()  #: safe


def checked(x):
    if isinstance(x, np.ndarray):  #: review:type
        return np.mean(x)  #: safe
    return 0.0


def checked_result(x):
    total = np.sum(x)  #: review:consumer
    return isinstance(total, float)


def annotated(x: np.ndarray) -> np.ndarray:  #: review:type review:type
    return np.exp(x)  #: safe


def subtype(x):
    return np.issubdtype(x.dtype, np.number)  #: missing review:type


def promoted(x, i):
    return np.zeros(3, dtype=np.result_type(x, i))  #: safe review:default


def picked(m, i):
    return np.take(m, [0, 2], axis=0), np.take(m, i)  #: safe safe


def picked_with_mode(m):
    return np.take(m, [9], mode="clip")  #: review:argument


def along(m):
    order = np.argsort(m, axis=1)  #: safe
    return np.take_along_axis(m, order, axis=1)  #: safe


def chosen(b, x, y):
    return np.where(b, x, y), np.where(b)  #: safe safe


def compressed(b, x):
    return np.compress(b, x), np.extract(b, x)  #: missing missing


def split_all(x):
    return np.split(x, 4), np.array_split(x, 5)  #: safe safe


def ensured(m):
    return np.require(m, requirements="C")  #: missing


def quiet(x):
    with np.errstate(divide="ignore"):  #: missing
        return np.log(np.abs(x))  #: safe safe


def printed(x):
    np.set_printoptions(precision=3)  #: missing
    return np.shape(x)  #: safe


def indices(m):
    return np.argwhere(m > 1), np.unravel_index(np.argmax(m), m.shape)  #: missing missing safe


def sizes(m):
    return np.ndim(m), np.size(m), np.shape(m)  #: missing missing safe


def sets(i, j):
    return np.intersect1d(i, j), np.union1d(i, j), np.setdiff1d(i, j)  #: missing missing missing


def keyword_data(x):
    return np.mean(a=x), np.clip(a=x, a_min=0, a_max=1), np.linspace(start=0, stop=1, num=3)  #: safe safe safe


def multi_line(x, y):
    return np.concatenate(  #: safe
        [
            x,  # the first
            y,
        ],
        axis=0,  # along the only axis
    )


def nested(x):
    return np.sqrt(np.sum(np.square(np.subtract(x, np.mean(x)))))  #: safe safe safe safe safe


def in_comprehensions(m):
    return [np.mean(row) for row in m], {k: np.square(row) for k, row in enumerate(m)}  #: safe safe


def in_lambda(x):
    return (lambda value: np.exp(-value))(x)  #: safe


def in_condition(x):
    return 1 if np.any(np.isnan(x)) else 0  #: safe safe


def in_default(k, fill=np.nan):  #: safe
    return np.full(k, fill)  #: safe


def euler():
    return np.e, np.pi, -np.inf  #: safe safe safe


def float_of(x):
    return float(np.sum(x)), int(np.argmax(x)), bool(np.all(x > -99))  #: safe safe safe


def walrus(x):
    if (largest := np.max(x)) > 0:  #: safe
        return largest
    return 0.0


def loop_keys(labels):
    seen = {}
    for value in np.sort(labels):  #: review:consumer
        seen[value] = True
    return len(seen)


def set_of(labels):
    return len({np.min(labels), 1})  #: review:consumer


def asarray_of_list(x):
    return np.asarray([x[0], x[1], 2.0])  #: safe


def polynomial(x):
    return np.polyfit(x, x**2, 2), np.polyval([1, 2], x)  #: missing missing


def isclose_many(x):
    return np.isclose(x, 0.0, rtol=0, atol=1e-3).sum()  #: safe


def saved(tmp, x):
    np.save(tmp, x)  #: safe
    return np.load(tmp)  #: safe


def loaded_with_pickle(tmp):
    return np.load(tmp, allow_pickle=True)  #: review:argument


def saved_many(tmp, x):
    np.savez(tmp, x=x)  #: missing


def removed(x):
    return np.float_(1.0), np.product(x), np.in1d(x, [1])  #: review:type safe safe
