#pragma once

/// A product that is rounded before it is added to anything. GCC 12 fuses neighbouring sums and
/// differences of products into vfmaddsub, whatever -ffp-contract says.
#if defined(__has_builtin)
#if __has_builtin(__builtin_assoc_barrier)
#define EMBER_ROUNDED(product) __builtin_assoc_barrier(product)
#endif
#endif
#if !defined(EMBER_ROUNDED)
#define EMBER_ROUNDED(product) (product)
#endif
