#include "rfpp/restorer/vqfr.hpp"

#include "rfpp/restorer/network_on_cpu.hpp"

template std::vector<rfpp::NetworkEntry> rfpp::networks_of<rfpp::VqfrFamily>();
