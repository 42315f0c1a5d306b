#include "rfpp/restorer/codeformer.hpp"

#include "rfpp/restorer/cuda/network_on_cuda.hpp"

template auto rfpp::networks_on_cuda<rfpp::CodeFormerFamily>();
