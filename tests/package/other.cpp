#include "other.hpp"

#include "rfpp/rfpp.hpp"

std::size_t workspace_bytes() {
  const rfpp::Network<rfpp::RestoreFormerPlusPlus> network;
  rfpp::DryRun ex;
  network(ex, rfpp::Tensor<float>::declared({1, 512, 512, 3}));
  return ex.peak_bytes();
}
