#ifndef RFPP_TRAIN_OPTIMISER_HPP
#define RFPP_TRAIN_OPTIMISER_HPP

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/train/gradients.hpp"

// Moments, averages and gradients of a model are further models of the same type, walked side by side.

namespace rfpp::inline v0 {

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

/// f(begin, count) for the parts of [0, count), which do not depend on the number of threads.
template <class F> void for_each_part(ThreadPool& pool, std::size_t count, F&& f) {
  constexpr std::size_t part = std::size_t{1} << 14;
  pool.for_each(static_cast<int>((count + part - 1) / part), [&](int i, int) {
    const std::size_t begin = static_cast<std::size_t>(i) * part;
    f(begin, std::min(part, count - begin));
  });
}

/// Some elements of a tensor, as Eigen computes with them.
template <class T> auto part_of(const Tensor<T>& t, std::size_t begin, std::size_t count) {
  return Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>(t.data() + begin, static_cast<Eigen::Index>(count));
}

}  // namespace detail

/// A model whose parameters are zero.
template <class Model> Model zeros_like(const Model& model) {
  Model zeros;
  walk(
      [](const std::string&, const auto& p, auto& zero) {
        using T = typename std::remove_cvref_t<decltype(p)>::value;
        io::assign(zero, Tensor<T>(p.extents()));
      },
      model, zeros);
  return zeros;
}

/// A model with the same values in memory of its own.
template <class Model> Model copy_of(const Model& model) {
  Model copy = zeros_like(model);
  walk([](const std::string&, const auto& p,
          const auto& to) { std::ranges::copy(io::raw(p).elements(), io::raw(to).data()); },
       model, copy);
  return copy;
}

/// sum += the gradients of a model's parameters. `sum` is a model whose parameters need no elements yet;
/// those that no gradient reaches stay without. Returns whether there was any.
template <class Model>
bool add_gradients(Cpu& ex, const Model& model, const Gradients& gradients, Model& sum) {
  bool any = false;
  walk(
      [&](const std::string&, const auto& p, auto& total) {
        const auto* gradient = detail::elements_of(p) == nullptr ? nullptr : gradients.find(io::raw(p));
        if (gradient == nullptr) return;
        any = true;
        if (const auto* present = detail::elements_of(total))
          ex.run(*present, *gradient, true);
        else
          io::assign(total, *gradient);
      },
      model, sum);
  return any;
}

/// Adam over the parameters of a model. Parameters without a gradient stay, and so do their moments.
template <class Model> struct Adam {
  AdamSettings settings;
  Model first, second;  ///< moments
  long steps = 0;

  Adam(const Model& model, AdamSettings s)
      : settings(s), first(zeros_like(model)), second(zeros_like(model)) {}

  /// One step against `gradients` * scale, at a learning rate. `average` becomes decay * average + (1 -
  /// decay) * model, in the same pass; null for none. Any number of threads gives the same bits.
  void step(Cpu& ex, Model& model, const Model& gradients, double scale, double rate,
            const ParameterGroups& groups = {}, Model* average = nullptr, double decay = 0) {
    ++steps;
    const auto count = static_cast<double>(steps);
    const double bias1 = 1 - std::pow(settings.beta1, count), bias2 = 1 - std::pow(settings.beta2, count);
    const auto update = [&](const std::string& path, const auto& p, const auto& gradient, const auto& m,
                            const auto& v, const auto& ema) {
      const double factor = detail::rate_factor(groups, path);
      if (const auto* g = detail::elements_of(gradient); g != nullptr && factor != 0)
        apply(ex, {rate * factor / bias1, 1 / std::sqrt(bias2), scale, decay}, io::raw(p), *g, io::raw(m),
              io::raw(v), average == nullptr ? nullptr : &io::raw(ema));
    };
    walk(update, model, gradients, first, second, average == nullptr ? model : *average);
  }

 private:
  struct Factors {
    double step, inverse_deviation, scale, decay;
  };

  template <class T>
  void apply(Cpu& ex, const Factors& f, const Tensor<T>& p, const Tensor<T>& g, const Tensor<T>& m,
             const Tensor<T>& v, const Tensor<T>* average) const {
    const auto b1 = static_cast<T>(settings.beta1), b2 = static_cast<T>(settings.beta2);
    const auto a1 = static_cast<T>(1 - settings.beta1), a2 = static_cast<T>(1 - settings.beta2);
    const auto step = static_cast<T>(f.step), inverse = static_cast<T>(f.inverse_deviation);
    const auto epsilon = static_cast<T>(settings.epsilon), scale = static_cast<T>(f.scale);
    detail::for_each_part(ex.pool(), p.extents().size(), [&](std::size_t begin, std::size_t count) {
      const auto part = [&](const Tensor<T>& t) { return detail::part_of(t, begin, count); };
      auto parameter = part(p), mean = part(m), square = part(v);
      const auto gradient = part(g) * scale;
      mean = b1 * mean + a1 * gradient;
      square = b2 * square + a2 * gradient.square();
      parameter -= step * mean / (square.sqrt() * inverse + epsilon);
      if (average == nullptr) return;
      auto smooth = part(*average);
      smooth += static_cast<T>(1 - f.decay) * (parameter - smooth);
    });
  }
};

}  // namespace rfpp::inline v0

#endif
