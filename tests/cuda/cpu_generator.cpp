#include "cuda/learner.hpp"
#include "rfpp/cpu/cpu.hpp"

RFPP_JUDGEMENTS(extern template, rfpp::Cpu)
RFPP_GENERATOR(template, rfpp::Cpu)
