#include "../degrader.hpp"

#include "rfpp/restorer/cuda/on_cuda.hpp"

template std::unique_ptr<Degrader> rfpp::on_cuda<DegraderService>(int);
