#ifndef RFPP_EXPR_FUNCTORS_HPP
#define RFPP_EXPR_FUNCTORS_HPP

#include "rfpp/expr/lanes.hpp"
#include "rfpp/expr/map.hpp"

// Pointwise functors and the operators that make maps of them. A functor knows
//   operator()(operands...)         the value, for a scalar or for lanes
//   adjoint<I>(g, operands...)      the cotangent of operand I
//   passes<I>                       whether that cotangent is g itself (then there is no adjoint<I>)
//   linear                          whether its adjoints read no operand

namespace rfpp {
inline namespace RFPP_ABI {

struct Add {
  static constexpr const char* name = "add";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = true;
  template <class T> RFPP_HD T operator()(T a, T b) const { return a + b; }
};

struct Subtract {
  static constexpr const char* name = "subtract";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = I == 0;
  template <class T> RFPP_HD T operator()(T a, T b) const { return a - b; }
  template <int I, class T> RFPP_HD T adjoint(T g, T, T) const { return -g; }
};

struct Multiply {
  static constexpr const char* name = "multiply";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T a, T b) const { return a * b; }
  template <int I, class T> RFPP_HD T adjoint(T g, T a, T b) const { return g * (I == 0 ? b : a); }
};

struct Divide {
  static constexpr const char* name = "divide";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T a, T b) const { return a / b; }
  template <int I, class T> RFPP_HD T adjoint(T g, T a, T b) const {
    return I == 0 ? g / b : -(g * a) / (b * b);
  }
};

struct Scale {
  static constexpr const char* name = "scale";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = false;
  double factor;
  template <class T> RFPP_HD T operator()(T x) const {
    return splat<T>(static_cast<element_t<T>>(factor)) * x;
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T) const { return (*this)(g); }
};

struct Square {
  static constexpr const char* name = "square";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return x * x; }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const { return (x + x) * g; }
};

struct Exponential {
  static constexpr const char* name = "exp";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return exponential(x); }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const { return g * exponential(x); }
};

/// x * sigmoid(x).
struct Silu {
  static constexpr const char* name = "silu";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return divided(x, sigmoid_denominator(x)); }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const T one = splat<T>(1), sigmoid = one / sigmoid_denominator(x);
    return g * sigmoid * (one + x * (one - sigmoid));
  }
};

/// x times the standard normal distribution function of x (Hendrycks & Gimpel 2016), not the approximation by
/// a hyperbolic tangent.
struct Gelu {
  static constexpr const char* name = "gelu";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return x * normal_distribution(x); }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const auto constant = [](double v) { return splat<T>(static_cast<element_t<T>>(v)); };
    const T density = exponential(x * x * constant(-0.5)) * constant(0.39894228040143268);
    return g * (normal_distribution(x) + x * density);
  }
};

/// 1 / sqrt(x + epsilon), x not negative.
struct ReciprocalSquareRoot {
  static constexpr const char* name = "reciprocal square root";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  double epsilon;
  template <class T> RFPP_HD T operator()(T x) const {
    return splat<T>(1) / square_root(x + splat<T>(static_cast<element_t<T>>(epsilon)));
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const T y = (*this)(x);
    return g * splat<T>(static_cast<element_t<T>>(-0.5)) * y * y * y;
  }
};

struct LeakyRelu {
  static constexpr const char* name = "leaky_relu";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  double slope;
  template <class T> RFPP_HD T operator()(T x) const {
    return x > splat<T>(0) ? x : splat<T>(static_cast<element_t<T>>(slope)) * x;
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    return x > splat<T>(0) ? g : splat<T>(static_cast<element_t<T>>(slope)) * g;
  }
};

struct Relu {
  static constexpr const char* name = "relu";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  /// A NaN stays.
  template <class T> RFPP_HD T operator()(T x) const { return x < splat<T>(0) ? splat<T>(0) : x; }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const { return x > splat<T>(0) ? g : splat<T>(0); }
};

/// 1 / (1 + e^-x).
struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return splat<T>(1) / sigmoid_denominator(x); }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const T y = (*this)(x);
    return g * y * (splat<T>(1) - y);
  }
};

/// |x|, with the gradient 0 at 0.
struct Absolute {
  static constexpr const char* name = "absolute";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const { return x < splat<T>(0) ? -x : x; }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const T otherwise = x > splat<T>(0) ? g : splat<T>(0);
    return x < splat<T>(0) ? -g : otherwise;
  }
};

/// log(1 + e^x).
struct Softplus {
  static constexpr const char* name = "softplus";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const {
    if constexpr (std::is_arithmetic_v<T>) {
      return (x > T(0) ? x : T(0)) + std::log1p(std::exp(x > T(0) ? -x : x));
    } else {
      for (int i = 0; i < LaneTraits<T>::count; ++i) x[i] = (*this)(x[i]);
      return x;
    }
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const { return g / sigmoid_denominator(x); }
};

/// x, and slope * x where x is negative.
struct Prelu {
  static constexpr const char* name = "prelu";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x, T slope) const { return x > splat<T>(0) ? x : slope * x; }
  template <int I, class T> RFPP_HD T adjoint(T g, T x, T slope) const {
    if constexpr (I == 0)
      return x > splat<T>(0) ? g : slope * g;
    else
      return x > splat<T>(0) ? splat<T>(0) : x * g;
  }
};

/// The larger of two; of equals the first has the gradient. A NaN on either side stays.
struct Larger {
  static constexpr const char* name = "larger";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T a, T b) const {
    const T larger = a < b ? b : a;
    return b != b ? b : larger;  // NOLINT(misc-redundant-expression): b != b is a NaN
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T a, T b) const {
    return I == 0 ? (a < b ? splat<T>(0) : g) : (a < b ? g : splat<T>(0));
  }
};

/// The value of q with the gradient of z: a quantizer that gradients ignore.
struct StraightThrough {
  static constexpr const char* name = "straight_through";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = I == 0;
  template <class T> RFPP_HD T operator()(T, T q) const { return q; }
  template <int I, class T> RFPP_HD T adjoint(T, T, T) const { return splat<T>(0); }
};

/// x * a + b.
struct Affine {
  static constexpr const char* name = "affine";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = I == 2;
  template <class T> RFPP_HD T operator()(T x, T a, T b) const { return x * a + b; }
  template <int I, class T> RFPP_HD T adjoint(T g, T x, T a, T) const { return g * (I == 0 ? a : x); }
};

/// The adjoint of functor F in operand I, itself a functor.
template <class F, int I> struct Adjoint {
  static constexpr const char* name = F::name;
  static constexpr bool linear = false;
  template <int> static constexpr bool passes = false;
  F f;
  template <class T, class... A> RFPP_HD T operator()(T g, A... a) const {
    return f.template adjoint<I>(g, a...);
  }
};

template <Expression A, Expression B> auto operator+(const A& a, const B& b) { return map(Add{}, a, b); }
template <Expression A, Expression B> auto operator-(const A& a, const B& b) { return map(Subtract{}, a, b); }
template <Expression A, Expression B> auto operator*(const A& a, const B& b) { return map(Multiply{}, a, b); }
template <Expression A, Expression B> auto operator/(const A& a, const B& b) { return map(Divide{}, a, b); }
template <Expression A> auto operator-(const A& a) { return map(Scale{-1}, a); }

// Arithmetic with numbers. Their type is deduced: with `double` here, clang 14 stumbles over every `integer *
// object` that it meets in this namespace.
template <class N>
concept Number = std::is_arithmetic_v<N>;
namespace detail {
/// A number as an operand beside a, of a's element type.
template <class A, class N> auto number_beside(const A&, N number) {
  return Constant<value_t<A>>{static_cast<value_t<A>>(number), {}};
}
}  // namespace detail
template <Expression A, Number N> auto operator*(const A& a, N factor) {
  return map(Scale{static_cast<double>(factor)}, a);
}
template <Number N, Expression A> auto operator*(N factor, const A& a) { return a * factor; }
template <Expression A, Number N> auto operator+(const A& a, N number) {
  return a + detail::number_beside(a, number);
}
template <Number N, Expression A> auto operator+(N number, const A& a) { return a + number; }
template <Expression A, Number N> auto operator-(const A& a, N number) {
  return a - detail::number_beside(a, number);
}
template <Number N, Expression A> auto operator-(N number, const A& a) {
  return detail::number_beside(a, number) - a;
}
template <Expression A, Number N> auto operator/(const A& a, N number) {
  return a / detail::number_beside(a, number);
}
template <Number N, Expression A> auto operator/(N number, const A& a) {
  return detail::number_beside(a, number) / a;
}
template <Expression A> auto silu(const A& a) { return map(Silu{}, a); }
template <Expression A> auto gelu(const A& a) { return map(Gelu{}, a); }
template <Expression A> auto reciprocal_square_root(const A& a, double epsilon) {
  return map(ReciprocalSquareRoot{epsilon}, a);
}
template <Expression A> auto leaky_relu(const A& a, double slope) { return map(LeakyRelu{slope}, a); }
template <Expression A> auto sigmoid(const A& a) { return map(Sigmoid{}, a); }
template <Expression A> auto relu(const A& a) { return map(Relu{}, a); }
template <Expression A, Expression B> auto prelu(const A& a, const B& slope) {
  return map(Prelu{}, a, slope);
}
template <Expression A, Expression B> auto larger(const A& a, const B& b) { return map(Larger{}, a, b); }
template <Expression A> auto absolute(const A& a) { return map(Absolute{}, a); }
template <Expression A> auto softplus(const A& a) { return map(Softplus{}, a); }
template <Expression A> auto exp(const A& a) { return map(Exponential{}, a); }
template <Expression A> auto square(const A& a) { return map(Square{}, a); }

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
