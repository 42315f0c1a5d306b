#ifndef RFPP_EXPR_EVAL_HPP
#define RFPP_EXPR_EVAL_HPP

#include "rfpp/expr/contracts.hpp"
#include "rfpp/expr/leaves.hpp"

// eval is the only place where memory is written. An executor offers
//   tensor<T>(extents)                 a tensor that nobody has written yet
//   run(out, expression, accumulate)   out = expression, or out += expression
//   upload(tensor), download(tensor)   from and to host memory; where that is the executor's, the tensor
//   itself
// and whatever the node kinds need; see Cpu for the full contract.

namespace rfpp {
inline namespace RFPP_ABI {

/// Whether layers that behave differently while they are trained do so: said by the executor (a static member
/// `mode`), never by a model.
enum class Mode { evaluation, training };
template <class Ex> constexpr Mode mode_of = Mode::evaluation;
template <class Ex>
requires requires { Ex::mode; }
constexpr Mode mode_of<Ex> = Ex::mode;

namespace detail {
// Compiled once per bare expression, not again for every number of channels: a network has dozens of those.
template <class Ex, class E> [[gnu::noinline]] auto evaluate(Ex& ex, const E& e) {
  auto out = ex.template tensor<typename E::value>(e.extents());
  ex.run(out, e);
  return out;
}
/// `old` is held by the caller, and by e for every time that e reads it.
template <class Ex, class T, class E>
[[gnu::noinline]] auto evaluate_over(Ex& ex, const Tensor<T>& old, const E& e) {
  int holders = 1;
  bool in_place = old.extents() == e.extents();
  leaves(e, [&](const auto& t, bool pointwise) {
    if (t.id() != old.id()) return;
    ++holders;
    in_place = in_place && pointwise;
  });
  in_place = in_place && old.storage.holders() == holders;
  auto out = in_place ? old : ex.template tensor<T>(e.extents());
  ex.run(out, e);
  return out;
}
}  // namespace detail

/// The value of an expression as a tensor. A tensor is its own value: no copy.
template <class Ex, Expression E> auto eval(Ex& ex, const E& e) {
  constexpr bool is_executor = Executor<Ex>;
  static_assert(is_executor, "eval: the executor lacks tensor<T>(extents) or run(out, expression)");
  if constexpr (is_tensor<bare_t<E>>)
    return e;
  else if constexpr (!is_executor)
    return tag<channels_of<E>>(Tensor<value_t<E>>());  // refused above, so that no second error follows
  else
    return tag<channels_of<E>>(detail::evaluate(ex, bare(e)));
}

/// The first element of a tensor, on the host.
template <class Ex, class T> double number_of(Ex& ex, const Tensor<T>& t) {
  return static_cast<double>(ex.download(t).data()[0]);
}

/// The value of an expression that reads `old`, in the storage of `old` where nobody else holds that and
/// every element is read at its own place only; else, and on executors without `overwrites`, in a new tensor.
template <class Ex, Expression Old, Expression E> auto eval_over(Ex& ex, Old old, const E& e) {
  if constexpr (requires { requires Ex::overwrites; })
    return tag<channels_of<E>>(detail::evaluate_over(ex, bare(old), bare(e)));
  else
    return eval(ex, e);
}

/// block(ex, x, more...), of which an executor that records may keep only the operands, and run the block, a
/// model's layer, again when it needs the rest.
template <class Ex, class Block, Expression X, Expression... More>
auto recompute(Ex& ex, const Block& block, X x, const More&... more) {
  if constexpr (requires { requires Ex::recomputes; })
    return ex.run_block([block, more...](auto& on, auto y) { return block(on, std::move(y), more...); },
                        std::move(x));
  else
    return block(ex, std::move(x), more...);
}

/// block(ex, x...), {n,...} of operands {n,...}, which computes every image of its result from that image of
/// the operands, and has no parameters. An executor that records may keep only the operands, and run the
/// block again image by image.
template <class Ex, class Block, Expression... X>
auto recompute_images(Ex& ex, const Block& block, const X&... x) {
  if constexpr (requires { requires Ex::recomputes; })
    return ex.run_images(block, x...);
  else
    return block(ex, x...);
}

/// Writes the value of an expression into a tensor of the same extents. In place is fine where every element
/// of the result reads the tensor at its own place only; anything else throws Error.
template <class Ex, class T, Expression E> void eval_into(Ex& ex, const Tensor<T>& out, const E& e) {
  if (!(e.extents() == out.extents()))
    throw Error("eval: expression " + to_string(e.extents()) + " into tensor " + to_string(out.extents()));
  leaves(bare(e), [&](const auto& t, bool pointwise) {
    if (t.id() == out.id() && !(pointwise && t.extents() == out.extents()))
      throw Error("eval: the expression reads its destination " + to_string(out.extents()) +
                  " at other places");
  });
  ex.run(out, bare(e));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
