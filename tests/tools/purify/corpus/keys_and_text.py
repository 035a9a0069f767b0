"""Numbers that are looked up, told as text, changed or cut; labelled by running both versions."""

from collections import Counter, defaultdict

import numpy as np


class Model:
    import numpy as N

    labels = {number: f"class {number}" for number in range(12)}

    def label(self, x):
        return self.labels[np.argmax(x)]  #: safe

    def wave(self, x):
        return self.N.cos(x), Model.N.sin(x)  #: safe safe


def label_of_attribute(x):
    return Model().label(x)


def imported_by_a_class(x):
    return Model().wave(x)


def imported_by_a_call():
    return __import__("numpy").ones(3)  #: safe


def imported_and_named():
    return (library := __import__("numpy")).ones(3), library.__name__  #: review:alias


def label_of_argument(x, names=tuple("abcdefghijkl")):
    names = dict(enumerate(names))
    return names[np.argmax(x)], names.get(np.argmin(x))  #: safe safe


def distinct(x):
    return sorted(float(each) for each in set(np.round(x)))  #: safe


def distinct_by_comprehension(labels):
    return len({each for each in np.sort(labels)})  #: safe


def numbered(x):
    return {each: 1 for each in np.sort(x)}  #: safe


def from_keys(x):
    return dict.fromkeys(np.round(x), 0)  #: safe


def counted(x):
    return Counter(np.sign(x))  #: safe


def counted_in_a_loop(labels):
    counts = defaultdict(int)
    for each in np.sort(labels):  #: review:consumer
        counts[each] += 1
    return len(counts)


def in_a_set(i):
    return np.max(i) in {1.0, 8.0}, np.min(i) not in {1.0, 2.0}  #: safe safe


def by_tuple(i):
    return tuple(np.sort(i)[:1]) in {(1,): 0, (2,): 0}  #: safe


def report(b):
    accuracy = np.mean(b)  #: safe
    return f"accuracy {accuracy}"


def report_of_all(x, i, f32):
    numbers = [np.max(x), np.sum(i), np.min(f32), np.any(i > 3), np.argmax(x)]  #: safe safe safe safe safe
    return ["number " + str(each) for each in numbers]


def report_in_single_precision(f32):
    return f"max {np.max(f32)} {np.max(f32):.3f}", "min %s" % np.min(f32)  #: safe safe safe


def report_by_format(i):
    return "{} {:.2f} {:d}".format(np.sum(i), np.sum(i), np.max(i))  #: safe safe safe


def report_of_complex(z):
    return "first " + str(np.conj(z)[0])  #: safe


def listed(x):
    return "x: " + ",".join(str(each) for each in np.round(x, 2))  #: safe


def listed_by_map(i):
    return "i: " + ",".join(map(str, np.sort(i)))  #: safe


def told_whole(x):
    return "total %s" % np.max(np.abs(x))  #: safe safe


def real_eigenvalues(s):
    return np.linalg.eigvals(s).dtype, np.linalg.eig(s)[0].dtype  #: review:default review:default


def cut(k):
    counts = np.zeros(3, dtype=int)  #: review:dtype
    counts[1] = 2.7
    counts[2] = k
    return counts


def cut_quotient(k):
    counts = np.array([1, 2, 3])  #: review:dtype
    counts[0] = k / 2
    return counts


def not_cut(k):
    counts = np.zeros(3, dtype=int)  #: safe
    counts[1] = 2 * k
    return counts


def half(x):
    short = x.astype(np.float16)  #: missing
    return np.mean(short), np.max(x.astype("float16"))  #: review:dtype review:dtype


def of_objects(x):
    return np.sum(np.array(x, dtype=object))  #: review:object review:object


def mixed_signs():
    return np.array([1], dtype=np.uint64) + np.array([1], dtype=np.int64)  #: review:dtype safe safe safe


def changed_element(x):
    ordered = np.sort(x)  #: review:in-place
    least = ordered[0]
    least += 1
    return ordered, least


def changed_in_a_loop(x):
    ordered = np.sort(x)  #: review:in-place
    sums = []
    for each in ordered:
        each += 1
        sums.append(each)
    return ordered, sums


def changed_by_place(x):
    ordered = np.sort(x)  #: review:in-place
    for place in range(3):
        each = ordered[place]
        each *= 2
    return ordered


def changed_and_kept(x):
    total = np.sum(x)  #: review:in-place
    before = total
    total += 1
    return before, total


def changed_and_listed(x):
    total = np.sum(x)  #: review:in-place
    history = [0.0]
    history.append(total)
    total -= np.max(x)  #: safe
    return history, total


def changed(x):
    total = np.sum(x)  #: safe
    total += np.max(x)  #: safe
    return total


def changed_rows():
    table = np.zeros((3, 3))  #: safe
    table[0] += 1
    table[1, 1] -= 1.5
    return table
