#ifndef RFPP_TRAIN_OPTIMIZER_HPP
#define RFPP_TRAIN_OPTIMIZER_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/train/gradients.hpp"

// Moments, averages and gradients of a model are further models of the same type, walked side by side.

namespace rfpp {
inline namespace RFPP_ABI {

/// Kingma & Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
struct AdamSettings {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// A learning rate that is multiplied by `factor` at every milestone that has been reached.
struct Schedule {
  double rate = 1e-4;
  std::vector<long> milestones;
  double factor = 0.1;

  double at(long step) const {
    const auto reached = std::ranges::count_if(milestones, [&](long milestone) { return step >= milestone; });
    return rate * std::pow(factor, static_cast<double>(reached));
  }
};

/// Parameters, by their path, whose learning rate is multiplied by `factor`; with 0 they are frozen.
struct ParameterGroup {
  bool (*contains)(std::string_view path);
  double factor;
};
using ParameterGroups = std::vector<ParameterGroup>;

/// The decoder's attention, that of its middle included.
inline bool is_decoder_attention(std::string_view path) {
  return path.starts_with("decoder.") && path.find(".attn") != std::string_view::npos;
}
inline bool is_codebook(std::string_view path) { return path.starts_with("quantize."); }

namespace detail {

inline double rate_factor(const ParameterGroups& groups, std::string_view path) {
  double factor = 1;
  for (const ParameterGroup& group : groups)
    if (group.contains(path)) factor *= group.factor;
  return factor;
}

/// Null for a parameter without elements.
template <class T> const Tensor<T>* elements_of(const Tensor<T>& p) { return p.has_storage() ? &p : nullptr; }
template <class T> const Tensor<T>* elements_of(const Filter<T>& p) {
  return p.has_raw() ? &p.raw() : nullptr;
}

/// {n,h,w,c} as {1,n,1,h*w*c}: executors divide images among threads, and a filter {out,k,k,in} is many small
/// ones.
template <class T> Tensor<T> as_rows(const Tensor<T>& t) {
  const Extents e = t.extents();
  return reshaped(t, {1, e.n, 1, e.h * e.w * e.c});
}

/// What an average becomes of which x makes up `share`.
struct MovingAverage {
  static constexpr const char* name = "moving average";
  double share;
  template <class T> RFPP_HD T operator()(T average, T x) const {
    return average + splat<T>(static_cast<element_t<T>>(share)) * (x - average);
  }
};
/// What Adam makes of a parameter by the averages of its gradients and of their squares.
struct AdamUpdate {
  static constexpr const char* name = "Adam";
  double rate, inverse_deviation, epsilon;
  template <class T> RFPP_HD T operator()(T parameter, T mean, T square) const {
    const T deviation = square_root(square) * splat<T>(static_cast<element_t<T>>(inverse_deviation)) +
                        splat<T>(static_cast<element_t<T>>(epsilon));
    return parameter - splat<T>(static_cast<element_t<T>>(rate)) * mean / deviation;
  }
};

}  // namespace detail

/// A model whose parameters are zero.
template <class Ex, class Model> Model zeros_like(Ex& ex, const Model& model) {
  Model zeros;
  walk(
      [&](const std::string&, const auto& p, auto& zero) {
        using T = typename std::remove_cvref_t<decltype(p)>::value;
        io::assign(zero, detail::zeros<Ex, T>(ex, p.extents()));
      },
      model, zeros);
  return zeros;
}

/// A model with the same values in memory of its own.
template <class Ex, class Model> Model copy_of(Ex& ex, const Model& model) {
  Model copy = zeros_like(ex, model);
  walk([&](const std::string&, const auto& p, const auto& to) { ex.run(io::raw(to), io::raw(p)); }, model,
       copy);
  return copy;
}

/// sum += the gradients of a model's parameters. `sum` is a model whose parameters need no elements yet;
/// those that no gradient reaches stay without. Returns whether there was any.
template <class Ex, class Model>
bool add_gradients(Ex& ex, const Model& model, const Gradients& gradients, Model& sum) {
  bool any = false;
  walk(
      [&](const std::string&, const auto& p, auto& total) {
        if (detail::elements_of(p) == nullptr || !gradients.has(io::raw(p).id())) return;
        any = true;
        const auto gradient = gradients.of(io::raw(p));
        if (const auto* present = detail::elements_of(total))
          ex.run(*present, gradient, true);
        else
          io::assign(total, gradient);
      },
      model, sum);
  return any;
}

/// Adam over the parameters of a model. Parameters without a gradient stay, and so do their moments.
template <class Model> struct Adam {
  AdamSettings settings;
  Model first, second;  ///< moments
  long steps = 0;

  Adam(auto& ex, const Model& model, AdamSettings s)
      : settings(s), first(zeros_like(ex, model)), second(zeros_like(ex, model)) {}

  /// One step against `gradients` * scale, at a learning rate. `average` becomes decay * average + (1 -
  /// decay) * model; null for none.
  void step(auto& ex, Model& model, const Model& gradients, double scale, double rate,
            const ParameterGroups& groups = {}, Model* average = nullptr, double decay = 0) {
    ++steps;
    const auto count = static_cast<double>(steps);
    const double bias1 = 1 - std::pow(settings.beta1, count), bias2 = 1 - std::pow(settings.beta2, count);
    const auto update = [&](const std::string& path, const auto& p, const auto& gradient, const auto& m,
                            const auto& v, const auto& ema) {
      const double factor = detail::rate_factor(groups, path);
      const auto* g = detail::elements_of(gradient);
      if (g == nullptr || factor == 0) return;
      const auto parameter = detail::as_rows(io::raw(p)), mean = detail::as_rows(io::raw(m)),
                 squares = detail::as_rows(io::raw(v));
      const auto scaled = detail::as_rows(*g) * scale;
      eval_into(ex, mean, map(detail::MovingAverage{1 - settings.beta1}, mean, scaled));
      eval_into(ex, squares, map(detail::MovingAverage{1 - settings.beta2}, squares, square(scaled)));
      eval_into(ex, parameter,
                map(detail::AdamUpdate{rate * factor / bias1, 1 / std::sqrt(bias2), settings.epsilon},
                    parameter, mean, squares));
      if (average == nullptr) return;
      const auto smooth = detail::as_rows(io::raw(ema));
      eval_into(ex, smooth, map(detail::MovingAverage{1 - decay}, smooth, parameter));
    };
    walk(update, model, gradients, first, second, average == nullptr ? model : *average);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
