#include "cuda/learner.hpp"
#include "rfpp/cpu/cpu.hpp"

RFPP_JUDGEMENTS(template, rfpp::Cpu)
