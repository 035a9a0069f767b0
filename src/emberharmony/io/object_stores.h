#pragma once

#include <string>

namespace emberharmony::io {

/// A location as it may be shown and kept: without the secrets that the address of an object store
/// can hold (an access key before '@', keys and tokens among the options after '?').
std::string ShownLocation(const std::string& location);

/// Ends what reading from object stores keeps running in the background. To be called once, after
/// the last source is gone and before `main` returns; nothing happens where no object store was
/// read. Object stores can't be read afterwards.
void CloseObjectStores();

}  // namespace emberharmony::io
