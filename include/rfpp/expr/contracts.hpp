#ifndef RFPP_EXPR_CONTRACTS_HPP
#define RFPP_EXPR_CONTRACTS_HPP

#include <concepts>
#include <type_traits>
#include <utility>

#include "rfpp/expr/node.hpp"

// What the library asks of the types that it is extended with. Each is asserted where such a type is used, so
// that what it lacks is one sentence.

namespace rfpp {
inline namespace RFPP_ABI {

/// What map() applies to elements of types T...: a name for messages, and a value. Lanes of elements must do
/// as well as elements.
template <class F, class... T>
concept Functor = requires(const F& f, const T&... x) {
  { F::name } -> std::convertible_to<const char*>;
  f(x...);
};

namespace detail {
/// `G` is the cotangent's type.
template <class F, int I, class G, class... T>
concept AdjointIn = F::template passes<I> || requires(const F& f, const G& g, const T&... x) {
  f.template adjoint<I>(g, x...);
};
template <class F, class Index, class... T> constexpr bool has_adjoints = false;
template <class F, int... I, class... T>
constexpr bool has_adjoints<F, std::integer_sequence<int, I...>, T...> =
    (AdjointIn<F, I, std::common_type_t<T...>, T...> && ...);
}  // namespace detail

/// A functor of elements of types T... that a tape can record: it says whether it is linear, and for every
/// operand that the cotangent passes or what adjoint<I>(g, x...) makes of it.
template <class F, class... T>
concept Differentiable = Functor<F, T...> && requires {
  { F::linear } -> std::convertible_to<bool>;
} && detail::has_adjoints < F, std::make_integer_sequence < int, static_cast<int>(sizeof...(T))
>, T... > ;

/// From where an element of a remap's result is read.
template <class R>
concept RemapRule = requires(const R& rule, Extents e, Pixel& q, int& c) {
  { R::keeps_channels } -> std::convertible_to<bool>;
  { rule.extents(e) } -> std::same_as<Extents>;
  { rule.map(q, c) } -> std::same_as<bool>;
};
/// A rule that a tape can record: it also says which places of the result read a given element.
template <class R>
concept ReversibleRule = RemapRule<R> && requires(const R& rule, Pixel& q, int& c, int k) {
  { rule.fan() } -> std::same_as<int>;
  { rule.preimage(k, q, c) } -> std::same_as<bool>;
};

/// Where expressions are evaluated: it makes tensors and writes the values of expressions into them.
template <class Ex>
concept Executor = requires(Ex& ex, const Tensor<float>& t, Extents e) {
  { ex.template tensor<float>(e) } -> std::same_as<Tensor<float>>;
  ex.run(t, t);
};

/// An executor that can be under a tape: it also adds to what is there.
template <class Ex>
concept TrainingExecutor = Executor<Ex> &&
    requires(Ex& ex, const Tensor<float>& t, const Tensor<int>& index) {
  ex.run(t, t, true);
  ex.add_reduced(t, t);
  ex.scatter_rows(t, index, t);
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
