#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace emberharmony::base {

template <class Signature>
class FunctionView;

/// Refers to something callable that lives as long as the call it is handed to. Unlike
/// std::function it never allocates.
template <class Result, class... Args>
class FunctionView<Result(Args...)> {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionView>>>
  FunctionView(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

}  // namespace emberharmony::base
