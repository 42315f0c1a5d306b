// expect: decode_indices: this network's decoder needs the encoder's features
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/model/network.hpp"

using namespace rfpp;

#ifdef RFPP_REFUSED
using Kind = RestoreFormerPlusPlus;
#else
using Kind = Rohqd;
#endif
auto run(Cpu& ex, const Network<Kind>& network, const Tensor<int>& indices) {
  return network.decode_indices(ex, indices);
}
