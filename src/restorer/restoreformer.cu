#include "rfpp/restorer/cuda/restoreformer.hpp"

template auto rfpp::networks_on_cuda<rfpp::RestoreFormerFamily>();
