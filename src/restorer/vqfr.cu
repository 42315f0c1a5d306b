#include "rfpp/restorer/vqfr.hpp"

#include "rfpp/restorer/cuda/network_on_cuda.hpp"

template auto rfpp::networks_on_cuda<rfpp::VqfrFamily>();
