#ifndef RFPP_DEGRADE_BLUR_HPP
#define RFPP_DEGRADE_BLUR_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "rfpp/expr/resize.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// With q = v^T Sigma^-1 v: `gaussian` exp(-q / 2), `generalized_gaussian` exp(-q^beta / 2), `plateau`
/// 1 / (1 + q^beta).
enum class KernelShape { gaussian, generalized_gaussian, plateau };

/// A blur kernel: size x size pixels (odd, at most 255), Sigma = R diag(sigma_x^2, sigma_y^2) R^T with R a
/// rotation by theta (radians). Sigmas are in pixels. Isotropic where both are equal.
struct Blur {
  static constexpr const char* name = "blur";
  static constexpr int largest_size = 255;

  KernelShape shape = KernelShape::gaussian;
  int size = 1;
  double sigma_x = 1, sigma_y = 1, theta = 0, beta = 1;

  friend bool operator==(const Blur&, const Blur&) = default;
};

namespace detail {
inline void check_parameter(bool possible, const char* stage, const std::string& expected, double found) {
  if (possible) return;
  char number[32];
  std::snprintf(number, sizeof number, "%g", found);
  throw Error(std::string(stage) + ": expected " + expected + ", found " + number);
}
}  // namespace detail

/// Throws Error for parameters that make no kernel.
inline void check(const Blur& b) {
  detail::check_parameter(b.size >= 1 && b.size % 2 == 1 && b.size <= b.largest_size, b.name,
                          "an odd kernel size of 1 to " + std::to_string(b.largest_size), b.size);
  for (const double sigma : {b.sigma_x, b.sigma_y})
    detail::check_parameter(sigma >= 1e-4 && sigma <= 1000, b.name, "a sigma of 0.0001 to 1000 pixels",
                            sigma);
  detail::check_parameter(std::abs(b.theta) <= 1000, b.name, "an angle in radians", b.theta);
  detail::check_parameter(b.beta >= 0.01 && b.beta <= 100, b.name, "a beta of 0.01 to 100", b.beta);
}

/// The weights of a blur, row by row; their sum is 1. Source: Wang et al., Real-ESRGAN, 2021, section 3.1.
inline std::vector<double> kernel_of(const Blur& b) {
  check(b);
  const double c = std::cos(b.theta), s = std::sin(b.theta);
  const double x = 1 / (b.sigma_x * b.sigma_x), y = 1 / (b.sigma_y * b.sigma_y);
  const double xx = c * c * x + s * s * y, xy = c * s * (x - y), yy = s * s * x + c * c * y;
  const int radius = b.size / 2;
  std::vector<double> kernel;
  double sum = 0;
  for (int v = -radius; v <= radius; ++v)
    for (int u = -radius; u <= radius; ++u) {
      const double q = std::max(xx * u * u + 2 * xy * u * v + yy * v * v, 0.0);
      const double weight = b.shape == KernelShape::plateau    ? 1 / (1 + std::pow(q, b.beta))
                            : b.shape == KernelShape::gaussian ? std::exp(-0.5 * q)
                                                               : std::exp(-0.5 * std::pow(q, b.beta));
      sum += kernel.emplace_back(weight);
    }
  for (double& weight : kernel) weight /= sum;
  return kernel;
}

/// One term of a kernel: column[i] * row[j].
struct OuterProduct {
  Line column, row;
};
/// A kernel as a sum of outer products; by default the one that changes nothing.
using SeparableKernel = std::vector<OuterProduct>;

namespace detail {
/// The part of the line that matters: weights from `first` on, `stride` apart, divided by `divisor`.
inline Line trimmed_line(const double* first, int count, int stride, double divisor) {
  // A pixel that this leaves out is in the residual, and so in the error that is bounded.
  constexpr double negligible = 1e-9;
  int begin = 0, end = count;
  const auto weight = [&](int i) { return first[static_cast<std::ptrdiff_t>(i) * stride] / divisor; };
  while (begin + 1 < end && std::abs(weight(begin)) < negligible) ++begin;
  while (begin + 1 < end && std::abs(weight(end - 1)) < negligible) --end;
  Line line{begin - count / 2, {}};
  for (int i = begin; i < end; ++i) line.weights.push_back(weight(i));
  return line;
}
}  // namespace detail

/// A size x size kernel as a sum of outer products, exact up to 5e-7 in the sum of absolute differences:
/// cross approximation with full pivoting. An isotropic Gaussian takes one term, an elongated one up to some
/// dozens; the narrower it is, the more of them, and the shorter each.
/// Source: Bebendorf, "Approximation of boundary element matrices", 2000.
inline SeparableKernel separated(std::vector<double> residual, int size) {
  constexpr double tolerance = 5e-7;
  const auto at = [&](int y, int x) -> double& {
    return residual[static_cast<std::size_t>(y) * static_cast<std::size_t>(size) +
                    static_cast<std::size_t>(x)];
  };
  SeparableKernel terms;
  for (;;) {
    double error = 0, largest = 0;
    std::size_t pivot = 0;
    for (std::size_t i = 0; i < residual.size(); ++i) {
      const double magnitude = std::abs(residual[i]);
      error += magnitude;
      if (magnitude > largest) largest = magnitude, pivot = i;
    }
    if (error <= tolerance) return terms;
    const int y = static_cast<int>(pivot) / size, x = static_cast<int>(pivot) % size;
    const double root = std::sqrt(largest), value = at(y, x);
    OuterProduct term{detail::trimmed_line(&at(0, x), size, size, value / root),
                      detail::trimmed_line(&at(y, 0), size, 1, root)};
    const int y0 = term.column.offset + size / 2, x0 = term.row.offset + size / 2;
    for (std::size_t i = 0; i < term.column.weights.size(); ++i)
      for (std::size_t j = 0; j < term.row.weights.size(); ++j)
        at(y0 + static_cast<int>(i), x0 + static_cast<int>(j)) -=
            term.column.weights[i] * term.row.weights[j];
    terms.push_back(std::move(term));
  }
}
inline SeparableKernel separable_kernel(const Blur& b) { return separated(kernel_of(b), b.size); }

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
