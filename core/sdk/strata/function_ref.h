#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace strata {

template <typename Signature>
class FunctionRef;

// A borrowed callable: two pointers, no allocation. Lives no longer than what it was made from, so
// use it for parameters only. Thread-compatible.
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  // enable_if, not a constraint: clang-tidy 14 knows only that.
  template <typename F,
            typename = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
                                        std::is_invocable_r_v<R, F&, Args...>>>
  FunctionRef(F&& f)  // NOLINT(google-explicit-constructor): a lambda is passed in place
      : target_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        invoke_([](void* target, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(target))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return invoke_(target_, std::forward<Args>(args)...); }

 private:
  void* target_;
  R (*invoke_)(void*, Args...);
};

}  // namespace strata
