#include "cuda/executor.hpp"

#include <utility>

#include "cases.hpp"

using rfpp::test::Executor;

std::vector<rfpp::test::CaseResult> device_cases_in_float() {
  Executor ex;
  return rfpp::test::cases<float>(ex);
}

/// Bytes of workspace that a little network takes by a dry run, and what a run has added to that.
std::pair<std::size_t, std::size_t> device_workspace() {
  Executor ex;
  rfpp::Network<rfpp::test::LittleRestorer> model;
  fill_hashed(model);
  rfpp::upload_parameters(ex, model);
  const auto face = ex.upload(rfpp::hashed_tensor<float>("input", {2, 32, 32, 3}));
  const std::size_t bytes = ex.dry_run_bytes([&] { model(ex, face); });
  ex.workspace().reserve(bytes);
  const std::size_t before = ex.workspace().allocated_bytes();
  for (int run = 0; run < 2; ++run) ex.download(model(ex, face).image);
  return {bytes, ex.workspace().allocated_bytes() - before};
}
