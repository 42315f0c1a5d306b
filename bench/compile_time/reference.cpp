// What other files' compile times are compared with: other people's templates, about as much of them as a
// small numerical program takes.

#include <CLI/CLI.hpp>
#include <Eigen/Dense>

int main(int argc, char** argv) {
  CLI::App app{"solves a random system"};
  int size = 8;
  bool symmetric = false;
  app.add_option("-n,--size", size, "unknowns")->check(CLI::Range(1, 1000));
  app.add_flag("--symmetric", symmetric, "by its eigenvectors");
  CLI11_PARSE(app, argc, argv);

  Eigen::MatrixXd a = Eigen::MatrixXd::Random(size, size);
  const Eigen::VectorXd b = Eigen::VectorXd::Random(size);
  if (!symmetric) return (a * a.fullPivLu().solve(b) - b).norm() < 1e-6 ? 0 : 1;
  a = (a * a.transpose()).eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  return (a * solver.eigenvectors() - solver.eigenvectors() * solver.eigenvalues().asDiagonal()).norm() < 1e-6
             ? 0
             : 1;
}
