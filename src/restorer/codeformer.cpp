#include "rfpp/restorer/codeformer.hpp"

#include "rfpp/restorer/network_on_cpu.hpp"

template std::vector<rfpp::NetworkEntry> rfpp::networks_of<rfpp::CodeFormerFamily>();
