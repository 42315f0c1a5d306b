#ifndef RFPP_CORE_TENSOR_HPP
#define RFPP_CORE_TENSOR_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "rfpp/core/extents.hpp"
#include "rfpp/core/workspace.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A tensor whose element type is not known here: gradients keyed by storage are kept in this form.
struct AnyTensor {
  Storage storage;
  Extents shape;
};

/// A counted handle on a whole storage of T, channels last, dense. Copies share the elements. A slice is a
/// Remap expression instead, so that two tensors are the same one exactly when their storage is; image_of()
/// is the exception.
template <class T> class Tensor : public AnyTensor {
 public:
  using value = T;

  Tensor() = default;
  Tensor(Storage s, Extents e) : AnyTensor{std::move(s), e} {}
  /// A tensor of zeros in host memory.
  explicit Tensor(Extents e) : Tensor(uninitialized(e)) { std::fill_n(data(), e.size(), T(0)); }

  /// Host memory that the caller writes before anybody reads it.
  static Tensor uninitialized(Extents e) { return {Storage(bytes(e), HostMemory::instance()), e}; }
  /// A shape without storage: what a network's parameters are until they are loaded.
  static Tensor declared(Extents e) { return {Storage(), e}; }

  Extents extents() const { return shape; }
  const Block* id() const { return storage.id(); }
  bool has_storage() const { return id() != nullptr; }
  /// The first element; null for a declared tensor. Who writes elements of a tensor that an evaluation has
  /// made must call storage.attach({}): what is known of the elements no longer holds.
  T* data() const { return static_cast<T*>(storage.data()); }
  std::span<T> elements() const { return {data(), shape.size()}; }

  /// Bytes of a tensor with these extents. Throws Error where they overflow or are negative.
  static std::size_t bytes(Extents e) {
    std::size_t n = sizeof(T);
    for (int extent : {e.n, e.h, e.w, e.c})
      if (extent < 0 || __builtin_mul_overflow(n, static_cast<std::size_t>(extent), &n))
        throw Error("tensor: impossible extents " + to_string(e));
    return n;
  }
};

/// The same elements under other extents. Throws Error unless there are as many.
template <class T> Tensor<T> reshaped(const Tensor<T>& t, Extents e) {
  if (t.extents().size() != e.size())
    throw Error("reshaped: " + to_string(t.extents()) + " into " + to_string(e));
  return {t.storage, e};
}

/// Image i, in [0, n), of {n,h,w,c} as a tensor of its own, {1,h,w,c}, in the memory of all: who writes the
/// one writes the other, and no evaluation can tell. t has storage.
template <class T> Tensor<T> image_of(const Tensor<T>& t, int i) {
  Extents e = t.extents();
  e.n = 1;
  T* first = t.data() + static_cast<std::size_t>(i) * e.size();
  return {Storage(first, Tensor<T>::bytes(e), std::make_shared<const Storage>(t.storage)), e};
}

template <class T> constexpr bool is_tensor = false;
template <class T> constexpr bool is_tensor<Tensor<T>> = true;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
