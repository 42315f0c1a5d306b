#ifndef RFPP_METRICS_FRECHET_HPP
#define RFPP_METRICS_FRECHET_HPP

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/core/finite.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/safetensors_writer.hpp"

namespace rfpp::metrics {
inline namespace RFPP_ABI {

/// Mean and sample covariance (divided by n - 1) of feature vectors.
struct FeatureStatistics {
  std::vector<double> mean;
  std::vector<double> covariance;  ///< features x features

  std::size_t features() const { return mean.size(); }
};

/// Collects feature vectors one by one, in double.
class FeatureCollector {
 public:
  /// Throws Error where the vector is of another length than the first, or holds NaN or infinity.
  template <class T> void add(std::span<const T> vector) {
    if (rows_ == 0) features_ = vector.size();
    if (vector.size() != features_ || features_ == 0)
      throw Error("feature statistics: expected vectors of " + std::to_string(features_) + ", found one of " +
                  std::to_string(vector.size()));
    for (const T v : vector) {
      if (!is_finite(v)) throw Error("feature statistics: a feature is NaN or infinite");
      values_.push_back(static_cast<double>(v));
    }
    ++rows_;
  }
  /// Throws Error for fewer than two vectors.
  FeatureStatistics statistics() const {
    if (rows_ < 2)
      throw Error("feature statistics: expected at least 2 vectors, found " + std::to_string(rows_));
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto rows = static_cast<Eigen::Index>(rows_), columns = static_cast<Eigen::Index>(features_);
    const Eigen::Map<const Matrix> all(values_.data(), rows, columns);
    const Eigen::RowVectorXd mean = all.colwise().mean();
    const Matrix centered = all.rowwise() - mean;
    const Matrix covariance = centered.transpose() * centered / static_cast<double>(rows_ - 1);
    return {{mean.begin(), mean.end()}, {covariance.data(), covariance.data() + covariance.size()}};
  }

 private:
  std::size_t rows_ = 0, features_ = 0;
  std::vector<double> values_;
};

/// The Frechet distance of two normal distributions, |m - m'|^2 + tr(C + C' - 2 (C C')^1/2) (Dowson & Landau
/// 1982; Heusel et al. 2017). With C = R R^T, the root's trace is that of (R^T C' R)^1/2, which is symmetric.
/// Throws Error where the features differ in number.
inline double frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b) {
  if (a.features() != b.features())
    throw Error("Frechet distance: statistics of " + std::to_string(a.features()) + " and of " +
                std::to_string(b.features()) + " features");
  using Matrix = Eigen::MatrixXd;
  const auto n = static_cast<Eigen::Index>(a.features());
  const auto matrix = [&](const FeatureStatistics& s) {
    return Eigen::Map<const Matrix>(s.covariance.data(), n, n);
  };
  const auto vector = [&](const FeatureStatistics& s) {
    return Eigen::Map<const Eigen::VectorXd>(s.mean.data(), n);
  };
  const Eigen::LDLT<Matrix> factors(matrix(a));
  Matrix root = factors.matrixL();
  root *= factors.vectorD().cwiseMax(0).cwiseSqrt().asDiagonal();
  root = factors.transpositionsP().transpose() * root;
  const Matrix half = matrix(b) * root;
  // Without eigenvectors, which take the compiler longer than all else here.
  const Eigen::Tridiagonalization<Matrix> product(root.transpose() * half);
  Eigen::SelfAdjointEigenSolver<Matrix> solver;
  solver.computeFromTridiagonal(product.diagonal(), product.subDiagonal(), Eigen::EigenvaluesOnly);
  const double trace = solver.eigenvalues().cwiseMax(0).cwiseSqrt().sum();
  return (vector(a) - vector(b)).squaredNorm() + matrix(a).trace() + matrix(b).trace() - 2 * trace;
}

/// Writes statistics as the safetensors `mean` (features) and `covariance` (features, features).
inline void save_statistics(const FeatureStatistics& s, const std::filesystem::path& file,
                            const std::string& network) {
  const auto n = static_cast<std::int64_t>(s.features());
  io::SafetensorsWriter writer(
      file, {{"mean", io::DType::float64, {n}}, {"covariance", io::DType::float64, {n, n}}},
      {{"features", network}});
  writer.write_bytes("mean", std::as_bytes(std::span(s.mean)));
  writer.write_bytes("covariance", std::as_bytes(std::span(s.covariance)));
  writer.commit();
}
/// Throws Error, naming the file, for anything but statistics of the features of `network`.
inline FeatureStatistics load_statistics(const std::filesystem::path& file, const std::string& network) {
  const auto checkpoint = io::Checkpoint::open(file);
  const auto made_of = checkpoint.metadata().find("features");
  if (made_of == checkpoint.metadata().end() || made_of->second != network)
    throw Error(file.string() + ": expected statistics of the features \"" + network + "\", found others");
  const io::TensorView &mean = checkpoint.at("mean"), &covariance = checkpoint.at("covariance");
  if (mean.shape.size() != 1 || covariance.shape != std::vector{mean.shape[0], mean.shape[0]})
    throw Error(file.string() + ": expected mean (n) and covariance (n, n), found " +
                io::to_string(mean.shape) + " and " + io::to_string(covariance.shape));
  FeatureStatistics s{std::vector<double>(static_cast<std::size_t>(mean.count())),
                      std::vector<double>(static_cast<std::size_t>(covariance.count()))};
  io::read_elements(mean, std::span(s.mean));
  io::read_elements(covariance, std::span(s.covariance));
  return s;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::metrics

#endif
