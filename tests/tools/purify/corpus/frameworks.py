"""PyTorch, TensorFlow, JAX and MLX by way of NumPy. Not run by the tests."""

import jax.numpy as jnp
import mlx.core as mx
import numpy as np
import tensorflow as tf
import torch

from emberharmony import ops


def there_and_back(x):
    return torch.from_numpy(np.log(x.cpu().numpy()))  #: round-trip review:consumer


def by_names(x):
    array = x.detach().cpu().numpy()
    scaled = array * 2
    return torch.from_numpy(scaled).to(x.device)  #: round-trip


def by_tensor(x):
    return torch.tensor(np.clip(x.numpy(), 0, 1))  #: round-trip safe


def computed_outside(x):
    return np.mean(x.cpu().numpy())  #: safe round-trip


def computed_by_name(x):
    values = x.cpu().numpy()
    return values.mean()


def for_a_plot(x, plt):
    plt.plot(x.cpu().numpy())


def tensorflow_trip(x):
    return tf.convert_to_tensor(np.square(x.numpy()))  #: round-trip review:consumer


def tensorflow_constant(x):
    return tf.constant(x.numpy() + 1)  #: round-trip


def jax_trip(x):
    return jnp.asarray(torch.sigmoid(x).numpy())  #: round-trip


def mlx_trip(x):
    return mx.array(x.detach().cpu().numpy())  #: round-trip


def ops_trip(x):
    return ops.asarray(ops.to_numpy(x))  #: round-trip


def ops_trip_by_numpy(x):
    y = np.sqrt(ops.to_numpy(x))  #: safe
    return ops.convert_to_tensor(y)  #: round-trip


def from_an_array(x):
    return torch.from_numpy(np.zeros((3, 3)))  #: review:consumer


def from_an_array_by_name(x):
    weights = np.eye(3)  #: review:consumer
    return torch.from_numpy(weights)


def tensor_of_an_array(x):
    return torch.tensor(np.arange(3))  #: safe


def arithmetic(x):
    return torch.as_tensor(x.cpu().numpy() * 2 + 1)  #: round-trip


def indexed(x):
    return torch.as_tensor(x.cpu().numpy()[:, 0])  #: round-trip


def only_numbers(x):
    return torch.tensor([1.0, 2.0])


def loss_value(x):
    return float(x.detach().cpu().numpy())


def copied(x):
    return torch.from_numpy(x.cpu().numpy().copy())  #: round-trip
