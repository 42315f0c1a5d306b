#include "../cpu/objective.hpp"

RFPP_GENERATORS(template)
