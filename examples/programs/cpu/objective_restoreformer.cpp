#include "../cpu/objective.hpp"

RFPP_GENERATOR(template, RestoreFormerPlusPlusMedium)
