#include "../degrader.hpp"

#include "rfpp/restorer/on_cpu.hpp"

template std::unique_ptr<Degrader> rfpp::on_cpu<DegraderService>(int);
